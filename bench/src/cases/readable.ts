import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from '@lockstep/e2e/demo/percentile.ts'
import type { Bench, Case, Figure } from '../case.ts'
import { type Sent, keepAlive } from '../load/keep-alive.ts'
import { openLoop } from '../load/open-loop.ts'
import { metered, type Sample } from '../measure/alternate.ts'
import { portsOf } from '../stack/bench-stack.ts'
import { writerUrl } from './create.ts'

const RATES = [50, 500]
const WARM_UP_SECONDS = 2
const RETRY_MS = 20

/** From the moment when a create is due until a query with its version has the product. */
export const readable: Case = {
  name: 'readable',
  title: 'Create to readable, open loop',
  async run(bench) {
    const figures: Figure[] = []
    const sides = []
    for (const perSecond of RATES) {
      const samples: Sample[] = []
      await round(bench, perSecond, WARM_UP_SECONDS)
      for (let n = 0; n < bench.rounds; n++) {
        samples.push(await metered(bench.meter, () => round(bench, perSecond, bench.seconds)))
      }
      const what = `create to readable at ${perSecond}/s`
      const p50 = samples.map(({ p50Ms }) => p50Ms!)
      const p99 = samples.map(({ p99Ms }) => p99Ms!)
      figures.push({ what: `${what}, median`, unit: 'ms', samples: p50, aim: { atMost: 10 } })
      figures.push({ what: `${what}, 99th percentile`, unit: 'ms', samples: p99, aim: { atMost: 50 } })
      sides.push({ per: 'create and read', rounds: { name: what, samples } })
    }
    return { figures, sides }
  },
}

async function round(bench: Bench, perSecond: number, seconds: number) {
  using writer = keepAlive(writerUrl(bench))
  using reader = keepAlive(`http://127.0.0.1:${portsOf(bench.stack.settings, 'reader').http}`)
  const waits: number[] = []
  await openLoop({
    perSecond,
    seconds,
    async work(due) {
      const product = { name: 'Blue enamel teapot', category: 'kitchen', priceCents: 3490 }
      const created = await untilDone(201, () => writer.send('POST', '/api/v1/products', product))
      const { id } = JSON.parse(created.body) as { id: string }
      await untilDone(200, () => reader.send('GET', `/api/v1/products/${id}?minVersion=1`))
      waits.push(performance.now() - due)
    },
  })
  return { count: waits.length, seconds, p50Ms: percentile(waits, 0.5), p99Ms: percentile(waits, 0.99) }
}

/** A 503 is a late response, not a failure: nothing was done, and the caller sends the request again. */
async function untilDone(expected: number, send: () => Promise<Sent>): Promise<Sent> {
  for (;;) {
    const response = await send()
    if (response.status === expected) return response
    if (response.status !== 503) throw new Error(`the response is ${response.status}: ${response.body}`)
    await sleep(RETRY_MS)
  }
}
