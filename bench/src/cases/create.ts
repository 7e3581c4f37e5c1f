import type { Bench, Case, CaseResult } from '../case.ts'
import { httpLoad } from '../load/wrk.ts'
import { alternate, paired, rate, wholeRate, type Work } from '../measure/alternate.ts'
import { pgbench } from '../reference/pgbench.ts'
import { portsOf } from '../stack/bench-stack.ts'
import { timed } from '../measure/timed.ts'

export const CALLERS = 64

export const writerUrl = ({ stack }: Bench) => `http://127.0.0.1:${portsOf(stack.settings, 'writer').http}`

/** Creates over HTTP; the round ends when the events have gone as far as `until` waits for. */
export async function createProducts(
  bench: Bench,
  until: () => Promise<void>,
  callers = CALLERS,
): Promise<Work> {
  return timed(
    () => httpLoad({ url: writerUrl(bench), kind: 'create', callers, seconds: bench.seconds }),
    until,
  )
}

export async function createTransactions({ reference, seconds }: Bench, clients = CALLERS): Promise<Work> {
  return pgbench({ url: await reference(), script: 'create-product', clients, seconds })
}

export const create: Case = {
  name: 'create',
  title: 'Create products over HTTP, 64 callers',
  async run(bench) {
    const { pipeline } = bench
    const { created, transactions, sides } = await againstPgbench(bench, pipeline.projected)
    const what = 'POST /api/v1/products, 64 callers'
    return {
      figures: [
        {
          what: `${what} / pgbench, 64 clients`,
          unit: '×',
          samples: paired(created, transactions, rate),
          aim: { atLeast: 1 },
        },
        {
          what: `${what}, until all events are projected / pgbench, 64 clients`,
          unit: '×',
          samples: paired(created, transactions, wholeRate, rate),
          aim: { atLeast: 0.4 },
        },
      ],
      sides,
    }
  },
}

export const createAlone: Case = {
  name: 'create-alone',
  title: 'Create products over HTTP, 64 callers, with the reader stopped',
  async run(bench) {
    const { stack, pipeline } = bench
    await stack.stop('reader')
    try {
      const { created, transactions, sides } = await againstPgbench(bench, pipeline.published)
      const samples = paired(created, transactions, rate)
      const what = 'POST /api/v1/products, 64 callers, reader stopped / pgbench, 64 clients'
      return { figures: [{ what, unit: '×', samples, aim: { atLeast: 1 } }], sides }
    } finally {
      await stack.restart('reader')
      await pipeline.projected()
    }
  },
}

async function againstPgbench(bench: Bench, until: () => Promise<void>) {
  const [created, transactions] = await alternate(bench.meter, bench.rounds, [
    { name: 'POST, 64 callers', measure: () => createProducts(bench, until) },
    { name: 'pgbench create-product.sql, 64 clients', measure: () => createTransactions(bench) },
  ])
  const sides: CaseResult['sides'] = [
    { per: 'command', rounds: created! },
    { per: 'transaction', rounds: transactions! },
  ]
  return { created: created!, transactions: transactions!, sides }
}
