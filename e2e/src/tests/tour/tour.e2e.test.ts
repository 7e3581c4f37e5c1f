import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { missingLines, stepsOf } from '@lockstep/docs/guide.ts'
import { freePort } from '@lockstep/local-infra/ports.ts'
import { startPrometheus } from '@lockstep/local-infra/servers/prometheus.ts'
import { grpcurlFolder } from '@lockstep/testkit/grpcurl.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { eventually } from '../../system/eventually.ts'
import { portsOf } from '../../system/services.ts'
import { test } from '../../system/stack-test.ts'

const readme = readFileSync(join(import.meta.dirname, '../../../../README.md'), 'utf8')

test('the commands of the README print what the README shows', async ({ stack, skip }) => {
  const { writers, reader, jaeger } = stack
  if (!jaeger) return skip('Jaeger has not been built on this machine')
  await using folder = await throwAwayDir()
  // Either writer may be the relay leader: both are scraped, and the tour uses the relay leader.
  const [first, second] = writers
  const leads = (await first.admin.send('GET', '/metrics')).text.includes('\noutbox_relay_holder 1')
  const [writer, other] = leads ? [first, second] : [second, first]
  await using prometheus = await startPrometheus({
    dir: folder.dir,
    port: await freePort(),
    targets: {
      writer: portsOf(writer).admin,
      other: portsOf(other).admin,
      reader: portsOf(reader).admin,
    },
  })

  const addresses: Record<string, number> = {
    5001: portsOf(writer).http,
    5003: portsOf(reader).grpc,
    5004: portsOf(reader).http,
    9101: portsOf(writer).admin,
    9090: Number(new URL(prometheus.url).port),
    16686: Number(new URL(jaeger.url).port),
  }
  const here = (text: string) =>
    text.replaceAll(
      /127\.0\.0\.1:(\d+)/g,
      (_, port: string) => `127.0.0.1:${addresses[port] ?? `no-${port}`}`,
    )
  const path = [await grpcurlFolder(), process.env.PATH].join(delimiter)

  const state = join(folder.dir, 'variables.sh')
  writeFileSync(state, '')
  for (const { command, shown } of stepsOf(readme, 'Five-minute tour')) {
    // Each block continues with the variables of the block before.
    const set = [...command.matchAll(/^(\w+)=/gm)].map(([, name = '']) => name)
    const keep = set.map((name) => `declare -p ${name} >> ${state}`)
    const script = [`. ${state}`, here(command), ...keep].join('\n')
    const env = { ...process.env, PATH: path }
    const run = async () => {
      const { stdout } = await promisify(execFile)('bash', ['-c', script], { env })
      if (shown === undefined) throw new Error(`the README shows no output of ${command}`)
      expect(missingLines(shown, stdout), `${command}\n${stdout}`).toEqual([])
    }
    // A query may be too early for the next scrape or the next batch of spans.
    const commands = set.length > 0 || command.includes('-X ')
    await (commands ? run() : eventually(run, { withinMs: 60_000, everyMs: 500 }))
  }
  const pages = [...readme.matchAll(/\]\((http:\/\/127\.0\.0\.1:\d+[^)]*)\)/g)].map(([, page = '']) => page)
  for (const page of pages) expect((await fetch(here(page))).status, page).toBe(200)
})
