import { setTimeout as sleep } from 'node:timers/promises'
import type { Case, Figure } from '../case.ts'
import { createProducts } from './create.ts'

/** Long enough for the garbage of the start to be collected, ms. */
const REST_MS = 15_000

/** The time until everything runs, and the memory of the services. */
export const footprint: Case = {
  name: 'footprint',
  title: 'Start-up time and memory',
  async run(bench) {
    const { stack, meter, pipeline } = bench
    await sleep(REST_MS)
    const rest = meter.residentMegabytes()
    const highest = { writer: 0, reader: 0 }
    let running = true
    const load = createProducts(bench, pipeline.projected).finally(() => (running = false))
    while (running) {
      const { writer, reader } = meter.residentMegabytes()
      highest.writer = Math.max(highest.writer, writer)
      highest.reader = Math.max(highest.reader, reader)
      await Promise.race([sleep(250), load])
    }
    const figure = (what: string, unit: Figure['unit'], value: number): Figure => ({
      what,
      unit,
      samples: [value],
    })
    return {
      figures: [
        figure('make up, warm caches, empty data', 's', stack.upSeconds),
        figure('make up, everything already runs', 's', stack.secondUpSeconds),
        figure('memory of the writer at rest', 'MB', rest.writer),
        figure('memory of the reader at rest', 'MB', rest.reader),
        figure('memory of the writer, highest with 64 callers', 'MB', highest.writer),
        figure('memory of the reader, highest with 64 callers', 'MB', highest.reader),
      ],
      sides: [],
    }
  },
}
