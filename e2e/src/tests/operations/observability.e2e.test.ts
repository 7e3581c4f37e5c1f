import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { freePort } from '@lockstep/local-infra/ports.ts'
import { startPrometheus } from '@lockstep/local-infra/servers/prometheus.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { dashboardQueries } from '@lockstep/monitoring/dashboard.ts'
import { httpClient } from '../../clients/http-client.ts'
import { eventually } from '../../system/eventually.ts'
import { portsOf } from '../../system/services.ts'
import type { Stack } from '../../system/stack.ts'
import { test } from '../../system/stack-test.ts'

const products = '/api/v1/products'

/** Everything that the dashboard shows: writes, reads, refusals, and a version wait that times out. */
async function someTraffic({ writers, reader }: Stack): Promise<void> {
  const [{ http, grpc }] = writers
  for (let round = 0; round < 10; round++) {
    const created = await http.send('POST', products, { json: { name: 'Teapot', priceCents: round } })
    const { id } = created.json as { id: string }
    await reader.grpc.getProduct({ id, minVersion: 1 })
    await reader.http.send('GET', `${products}/${id}`)
  }
  await grpc.createProduct({ product: { name: 'Teapot', priceCents: 1 } })
  await http.send('POST', products, { json: {} })
  await reader.http.send('GET', `${products}/${randomUUID()}?minVersion=1`)
}

test('every query of the dashboard returns data after some traffic', async ({ stack }) => {
  await using folder = await throwAwayDir()
  const [first, second] = stack.writers
  await using prometheus = await startPrometheus({
    dir: folder.dir,
    port: await freePort(),
    targets: {
      'writer-1': portsOf(first).admin,
      'writer-2': portsOf(second).admin,
      reader: portsOf(stack.reader).admin,
    },
  })
  const api = httpClient(prometheus.url)

  await eventually(
    async () => {
      // Repeatedly: a rate needs two scrapes with traffic between them.
      await someTraffic(stack)
      for (const { title, expr } of dashboardQueries) {
        const response = await api.send('GET', `/api/v1/query?query=${encodeURIComponent(expr)}`)
        expect(response.status, `${title}: ${expr}\n${response.text}`).toBe(200)
        const { data } = response.json as { data: { result: { value: [number, string] }[] } }
        const values = data.result.map(({ value }) => Number(value[1]))
        expect(values.some(Number.isFinite), `${title}: ${expr}\n${response.text}`).toBe(true)
      }
    },
    { withinMs: 90_000, everyMs: 1_000 },
  )
})

test('docs/metrics.md has every metric that the services serve, and no other', async ({ stack }) => {
  const served = new Map<string, string>()
  for (const { admin } of [...stack.writers, stack.reader]) {
    const { text } = await admin.send('GET', '/metrics')
    for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) served.set(name, type)
  }
  const ours = [...served].filter(([name]) => !/^(process|nodejs)_/.test(name)).toSorted()

  const docs = readFileSync(join(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8')
  const documented = [...docs.matchAll(/^\| `(\w+)` +\| (\w+)/gm)].map(([, name, type]) => [name, type])
  expect(documented.toSorted()).toEqual(ours)
})

test.for(['writer', 'reader'] as const)(
  'docs/api has the OpenAPI document of the %s',
  async (name, { stack }) => {
    const service = name === 'writer' ? stack.writers[0] : stack.reader
    const { json } = await service.http.send('GET', '/openapi.json')
    const file = join(import.meta.dirname, `../../../../docs/api/${name}.openapi.json`)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(json)
  },
)

test('one trace leads from the HTTP request to the write in MongoDB', async ({ stack, skip }) => {
  const { jaeger, writers } = stack
  if (!jaeger) return skip('Jaeger has not been built on this machine')
  const trace = randomBytes(16).toString('hex')
  const created = await writers[0].http.send('POST', products, {
    json: { name: 'Traced teapot', priceCents: 1 },
    headers: { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` },
  })
  expect(created.status).toBe(201)

  await eventually(
    async () => {
      const { json } = await httpClient(jaeger.url).send('GET', `/api/traces/${trace}`)
      const { data } = json as {
        data: { spans: Span[]; processes: Record<string, { serviceName: string }> }[]
      }
      const [{ spans, processes } = { spans: [], processes: {} }] = data
      const found = spans.map(
        ({ operationName, processID }) => `${processes[processID]?.serviceName} ${operationName}`,
      )
      expect(found).toEqual(
        expect.arrayContaining([
          `lockstep-writer POST ${products}`,
          'lockstep-writer postgres.commit',
          'lockstep-reader project product',
          'lockstep-reader mongo product.bulkWrite',
        ]),
      )
    },
    { withinMs: 60_000 },
  )
})

type Span = { operationName: string; processID: string }
