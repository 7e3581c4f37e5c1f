import type { Bench, Case } from '../case.ts'
import { metered, paired, rate, type Sample } from '../measure/alternate.ts'
import { onDatabase, scannedRows } from '../reference/reference-database.ts'
import { onFreshDatabases } from '../stack/fresh-databases.ts'
import { createProducts } from './create.ts'

const SECONDS = 20
/** Each takes a minute. */
const MOST_PAIRS = 2

/**
 * The first seconds on tables that are empty and were never analysed, where a plan that was cached for an empty table
 * would scan a full one. The other side is the same database after `analyze`, with services that were started again too.
 */
export const fresh: Case = {
  name: 'fresh',
  title: 'The first seconds on a fresh database',
  async run(bench) {
    const seconds = Math.min(SECONDS, 3 * bench.seconds)
    const first: Sample[] = []
    const analysed: Sample[] = []
    const scanned: number[] = []
    for (let pair = 0; pair < Math.min(MOST_PAIRS, bench.rounds); pair++) {
      await onFreshDatabases(
        bench,
        async () => {},
        async ({ POSTGRES_URL, MONGO_URL }) => {
          first.push(await round(bench, seconds))
          scanned.push(await scannedRows(POSTGRES_URL))
          await onDatabase(POSTGRES_URL, (client) => client.query('vacuum analyze'))
          await bench.stack.restart('writer', { POSTGRES_URL })
          await bench.stack.restart('reader', { MONGO_URL })
          analysed.push(await round(bench, seconds))
        },
      )
    }
    const sides = {
      fresh: { name: 'POST, fresh database', samples: first },
      analysed: { name: 'POST, after analyze', samples: analysed },
    }
    const cpu = ({ cpu: { postgres }, count }: Sample) => postgres / count
    return {
      figures: [
        {
          what: `POST, first ${seconds} s on a fresh database / after analyze`,
          unit: '×',
          samples: paired(sides.fresh, sides.analysed, rate),
          aim: { atLeast: 0.9 },
        },
        {
          what: 'CPU time of Postgres per command, fresh database / after analyze',
          unit: '×',
          samples: paired(sides.fresh, sides.analysed, cpu),
          aim: { atMost: 1.1 },
        },
        // The lists of aggregates and events must be read by index; a scan of an empty table reads no row.
        {
          what: 'rows that sequential scans read meanwhile',
          unit: 'rows',
          samples: scanned,
          aim: { atMost: 0 },
        },
      ],
      sides: [
        { per: 'command', rounds: sides.fresh },
        { per: 'command', rounds: sides.analysed },
      ],
    }
  },
}

function round(bench: Bench, seconds: number): Promise<Sample> {
  return metered(bench.meter, () => createProducts({ ...bench, seconds }, bench.pipeline.projected))
}
