import type { Case } from '../case.ts'
import { alternate, paired, rate } from '../measure/alternate.ts'
import { catchUp, fillBacklog } from './projection.ts'

const PLAIN = 'product'
const KINDS = ['category-totals', 'product-history']

/** Each kind of read model consumes the same backlog of created products in 50 categories, beside the plain one. */
export const kinds: Case = {
  name: 'kinds',
  title: 'Project a backlog into each kind of read model',
  async run(bench) {
    await fillBacklog(bench)
    const [plain, ...others] = await alternate(
      bench.meter,
      Math.min(2, bench.rounds),
      [PLAIN, ...KINDS].map((name) => ({
        name: `projection into ${name}`,
        measure: () => catchUp(bench, name),
      })),
    )
    await bench.stack.restart('reader')
    return {
      figures: others.map((rounds) => ({
        what: `${rounds.name} / into ${PLAIN}`,
        unit: '×' as const,
        samples: paired(rounds, plain!, rate),
      })),
      sides: [plain!, ...others].map((rounds) => ({ per: 'event', rounds })),
    }
  },
}
