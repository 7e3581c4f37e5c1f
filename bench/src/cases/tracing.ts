import type { Bench, Case } from '../case.ts'
import { httpLoad } from '../load/wrk.ts'
import { alternate, paired, rate } from '../measure/alternate.ts'
import { timed } from '../measure/timed.ts'
import { idFile, newProducts } from '../stack/product-ids.ts'
import { CALLERS } from './create.ts'

/**
 * Tracing every request, against tracing none. Both sides are replicas: the writer of the stack stays the relay leader,
 * so that neither side has its work.
 */
export const tracing: Case = {
  name: 'tracing',
  title: 'TRACE_RATIO=1 against TRACE_RATIO=0',
  async run(bench) {
    const { stack, pipeline, seconds, meter, rounds } = bench
    if (!stack.hasJaeger)
      console.log('There is no Jaeger on this machine: the traces are sent to a closed port.')
    const ids = await idFile(bench, 'tracing', await newProducts(bench, 100))
    const create = (url: string) => () =>
      timed(() => httpLoad({ url, kind: 'create', callers: CALLERS, seconds }), pipeline.projected)
    const get = (url: string) => () => httpLoad({ url, kind: 'get', ids, callers: CALLERS, seconds })

    const [tracedPost, post] = await withReplicas(bench, 'writer', (traced, untraced) =>
      alternate(meter, rounds, [
        { name: 'POST, all requests traced', measure: create(traced) },
        { name: 'POST, no request traced', measure: create(untraced) },
      ]),
    )
    const [tracedGet, plainGet] = await withReplicas(bench, 'reader', (traced, untraced) =>
      alternate(meter, rounds, [
        { name: 'GET, all requests traced', measure: get(traced) },
        { name: 'GET, no request traced', measure: get(untraced) },
      ]),
    )
    const aim = { atLeast: 0.9 }
    return {
      figures: [
        {
          what: 'POST with all requests traced / none traced',
          unit: '×',
          samples: paired(tracedPost!, post!, rate),
          aim,
        },
        {
          what: 'GET with all requests traced / none traced',
          unit: '×',
          samples: paired(tracedGet!, plainGet!, rate),
          aim,
        },
      ],
      sides: [
        { per: 'command', rounds: tracedPost! },
        { per: 'command', rounds: post! },
        { per: 'query', rounds: tracedGet! },
        { per: 'query', rounds: plainGet! },
      ],
    }
  },
}

async function withReplicas<T>(
  { stack }: Bench,
  kind: 'writer' | 'reader',
  work: (traced: string, untraced: string) => Promise<T>,
): Promise<T> {
  await using traced = await stack.replica(kind, 'traced', { TRACE_RATIO: '1' })
  await using untraced = await stack.replica(kind, 'untraced', { TRACE_RATIO: '0' })
  // With await, because the replicas stop when this function ends.
  return await work(`http://127.0.0.1:${traced.http}`, `http://127.0.0.1:${untraced.http}`)
}
