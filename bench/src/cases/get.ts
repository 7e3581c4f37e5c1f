import { freePort } from '@lockstep/local-infra/ports.ts'
import type { Bench, Case } from '../case.ts'
import { httpLoad } from '../load/wrk.ts'
import { alternate, paired, rate } from '../measure/alternate.ts'
import { startReference } from '../reference/reference-process.ts'
import { portsOf } from '../stack/bench-stack.ts'
import { idFile, newProducts } from '../stack/product-ids.ts'
import { CALLERS } from './create.ts'

const PRODUCTS = 1_000

export const readerUrl = ({ stack }: Bench) => `http://127.0.0.1:${portsOf(stack.settings, 'reader').http}`

export const get: Case = {
  name: 'get',
  title: 'Get a cached product over HTTP, 64 callers',
  async run(bench) {
    const { seconds } = bench
    const ids = await newProducts(bench, PRODUCTS)
    const file = await idFile(bench, 'get', ids)
    await using constant = await constantServer(bench, `${readerUrl(bench)}/api/v1/products/${ids[0]}`)
    const load = (url: string) => () => httpLoad({ url, kind: 'get', ids: file, callers: CALLERS, seconds })
    const [cached, same] = await alternate(bench.meter, bench.rounds, [
      { name: 'GET, cached, 64 callers', measure: load(readerUrl(bench)) },
      { name: 'constant response from hono', measure: load(constant.url) },
    ])
    const what = 'GET /api/v1/products/{id}, cached, 64 callers / constant response from hono'
    return {
      figures: [{ what, unit: '×', samples: paired(cached!, same!, rate), aim: { atLeast: 0.6 } }],
      sides: [
        { per: 'query', rounds: cached! },
        { per: 'request', rounds: same! },
      ],
    }
  },
}

/** A server that always responds what this URL responds now. */
export async function constantServer(
  { stack }: Bench,
  url: string,
): Promise<AsyncDisposable & { url: string }> {
  const response = await fetch(url)
  const body = await response.text()
  if (response.status !== 200) throw new Error(`${url} responded ${response.status}: ${body}`)
  const names = ['content-type', 'etag', 'cache-control']
  const headers = [...response.headers].filter(([name]) => names.includes(name))
  const port = await freePort()
  const server = await startReference('constant-http', stack.settings.LOCAL_DIR, [
    String(port),
    JSON.stringify(Object.fromEntries(headers)),
    body,
  ])
  return {
    ...server,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
