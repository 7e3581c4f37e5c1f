import type { Case } from '../case.ts'
import { httpLoad } from '../load/wrk.ts'
import { alternate, paired, rate } from '../measure/alternate.ts'
import { timed } from '../measure/timed.ts'
import { idFile, newProducts } from '../stack/product-ids.ts'
import { CALLERS, createProducts, writerUrl } from './create.ts'

/** All callers change the same product: every command is decided on the result of the one before. */
export const patch: Case = {
  name: 'patch',
  title: 'Change one product over HTTP, 64 callers',
  async run(bench) {
    const { pipeline, seconds } = bench
    const ids = await idFile(bench, 'patch', await newProducts(bench, 1))
    const load = () => httpLoad({ url: writerUrl(bench), kind: 'patch', ids, callers: CALLERS, seconds })
    const [patched, created] = await alternate(bench.meter, bench.rounds, [
      { name: 'PATCH of one product, 64 callers', measure: () => timed(load, pipeline.projected) },
      { name: 'POST, 64 callers', measure: () => createProducts(bench, pipeline.projected) },
    ])
    const what = 'PATCH of one product, 64 callers / POST /api/v1/products, 64 callers'
    return {
      figures: [{ what, unit: '×', samples: paired(patched!, created!, rate), aim: { atLeast: 0.5 } }],
      sides: [
        { per: 'command', rounds: patched! },
        { per: 'command', rounds: created! },
      ],
    }
  },
}
