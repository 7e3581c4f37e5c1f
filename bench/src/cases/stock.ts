import { inParallel } from '@lockstep/e2e/demo/in-parallel.ts'
import type { Bench, Case } from '../case.ts'
import { httpLoad, type HttpLoad } from '../load/wrk.ts'
import { alternate, paired, rate } from '../measure/alternate.ts'
import { timed } from '../measure/timed.ts'
import { pgbench } from '../reference/pgbench.ts'
import { keepAlive } from '../load/keep-alive.ts'
import { idFile } from '../stack/product-ids.ts'
import { CALLERS, writerUrl } from './create.ts'

/** So many that a stock gets few reservations: its state contains all of them. */
const STOCKS = 5_000

/** Receive and reserve stock over HTTP, against an update of one row. */
export const stock: Case = {
  name: 'stock',
  title: 'Receive and reserve stock over HTTP, 64 callers',
  async run(bench) {
    const ids = await idFile(bench, 'stock', await newStocks(bench))
    const [received, reserved, transactions] = await alternate(bench.meter, bench.rounds, [
      { name: 'POST receipts, 64 callers', measure: () => load(bench, 'receive', ids) },
      { name: 'POST reservations, 64 callers', measure: () => load(bench, 'reserve', ids) },
      { name: 'pgbench update-stock.sql, 64 clients', measure: () => updateTransactions(bench) },
    ])
    const figure = (what: string, side: typeof received) => ({
      what: `${what}, 64 callers / pgbench, 64 clients, one update`,
      unit: '×' as const,
      samples: paired(side!, transactions!, rate),
    })
    return {
      figures: [
        figure('POST /api/v1/stock/{id}/receipts', received),
        figure('POST /api/v1/stock/{id}/reservations', reserved),
      ],
      sides: [
        { per: 'command', rounds: received! },
        { per: 'command', rounds: reserved! },
        { per: 'transaction', rounds: transactions! },
      ],
    }
  },
}

export async function updateTransactions({ reference, seconds }: Bench) {
  return pgbench({ url: await reference(), script: 'update-stock', clients: CALLERS, seconds })
}

async function newStocks(bench: Bench): Promise<string[]> {
  using writer = keepAlive(writerUrl(bench))
  const ids = Array.from({ length: STOCKS }, () => crypto.randomUUID())
  await inParallel(ids, CALLERS, async (id) => {
    const { status, body } = await writer.send('POST', `/api/v1/stock/${id}/receipts`, {
      quantity: 1_000_000,
    })
    if (status !== 200) throw new Error(`the writer responded ${status}: ${body}`)
  })
  return ids
}

function load(bench: Bench, kind: HttpLoad['kind'], ids: string) {
  const { pipeline, seconds } = bench
  const send = () => httpLoad({ url: writerUrl(bench), kind, ids, callers: CALLERS, seconds })
  return timed(send, pipeline.projected)
}
