import type { Case } from '../case.ts'
import { alternate, paired } from '../measure/alternate.ts'
import { createProducts, createTransactions } from './create.ts'

/** One caller: nothing is shared with other commands, so this is the shortest time of a command. */
export const createLatency: Case = {
  name: 'create-latency',
  title: 'Create products over HTTP, 1 caller',
  async run(bench) {
    const [created, transactions] = await alternate(bench.meter, bench.rounds, [
      { name: 'POST, 1 caller', measure: () => createProducts(bench, bench.pipeline.projected, 1) },
      { name: 'pgbench create-product.sql, 1 client', measure: () => createTransactions(bench, 1) },
    ])
    const samples = paired(created!, transactions!, ({ p50Ms }) => p50Ms!)
    const what = 'POST /api/v1/products, 1 caller, median latency / pgbench, 1 client'
    return {
      figures: [{ what, unit: '×', samples, aim: { atMost: 2.5 } }],
      sides: [
        { per: 'command', rounds: created! },
        { per: 'transaction', rounds: transactions! },
      ],
    }
  },
}
