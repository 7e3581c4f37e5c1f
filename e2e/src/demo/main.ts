import { ConfigError } from '@lockstep/core/config/settings.ts'
import { readStackSettings, serviceAddress } from '@lockstep/local-infra/stack/settings.ts'
import { queriesClient } from '../clients/grpc-client.ts'
import { httpClient } from '../clients/http-client.ts'
import { readCatalogue } from './catalogue.ts'
import { progressOn } from './progress.ts'
import { demoSummary } from './demo-summary.ts'
import { runDemo } from './run-demo.ts'

class NotReady extends Error {}

/**
 * `make demo`: sends a catalogue of products through the writer and compares, field by field, what the reader
 * returns. The products get new ids each time and stay, except those that it deletes itself. Exit codes: 0 when every
 * product is right, 1 otherwise.
 */
async function main(): Promise<void> {
  const settings = readStackSettings(process.env)
  await expectReady('writer', serviceAddress(settings, 'WRITER_ADMIN_PORT'))
  await expectReady('reader', serviceAddress(settings, 'READER_ADMIN_PORT'))

  const catalogue = readCatalogue()
  using reader = queriesClient(serviceAddress(settings, 'READER_GRPC_PORT'))
  const result = await runDemo({
    writer: httpClient(`http://${serviceAddress(settings, 'WRITER_HTTP_PORT')}`),
    reader,
    catalogue,
    onProgress: progressOn(process.stdout, catalogue.length),
  })
  console.log(demoSummary(result, settings))
  if (result.wrong.length > 0) process.exitCode = 1
}

async function expectReady(service: string, admin: string): Promise<void> {
  const url = `http://${admin}/ready`
  const response = await fetch(url).catch(() => undefined)
  if (response?.ok) return
  const found = response ? `responds with ${response.status}: ${await response.text()}` : 'does not respond'
  throw new NotReady(`The ${service} ${found} (${url}).`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof NotReady || error instanceof ConfigError)) throw error
  const advice = error instanceof NotReady ? ' Start everything with: make up' : ''
  console.error(`${error.message}${advice}`)
  process.exitCode = 1
}
