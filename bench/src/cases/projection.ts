import { setTimeout as sleep } from 'node:timers/promises'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import { serviceEnvironment } from '@lockstep/local-infra/stack/stack-processes.ts'
import { httpClient } from '@lockstep/e2e/clients/http-client.ts'
import type { Bench, Case } from '../case.ts'
import { alternate, paired, rate, type Sample, type Work } from '../measure/alternate.ts'
import { spent } from '../measure/cpu-meter.ts'
import { runBulkWriter } from '../reference/reference-process.ts'
import { portsOf } from '../stack/bench-stack.ts'
import { publishProducts } from '../stack/published-products.ts'

const EVENTS = 60_000
/** Each look costs the broker CPU time. */
const POLL_MS = 50
/** WRITE_SIZE in reader-service/src/runtime/projection/consume-events.ts: a larger batch is several bulks. */
const MOST_IN_A_BULK = 1_000
/** The projection handles the batches of all partitions of a fetch at the same time. */
const BULKS_IN_FLIGHT = 6

/** The reader consumes a backlog of created products, against the MongoDB driver alone. */
export const projection: Case = {
  name: 'projection',
  title: 'Project a backlog',
  async run(bench) {
    await fillBacklog(bench)
    let batchSize = 0
    const [projected, bulks] = await alternate(bench.meter, bench.rounds, [
      {
        name: 'projection of a backlog',
        measure: async () => {
          const sample = await catchUp(bench, 'product')
          batchSize = await meanBatch(bench)
          return sample
        },
      },
      { name: 'MongoDB driver, the same bulks', measure: () => writeBulks(bench, batchSize) },
    ])
    await bench.stack.restart('reader')
    const what = 'projection of a backlog / MongoDB driver that writes the same bulks'
    return {
      figures: [{ what, unit: '×', samples: paired(projected!, bulks!, rate), aim: { atLeast: 0.8 } }],
      sides: [
        { per: 'event', rounds: projected! },
        { per: 'document', rounds: bulks! },
      ],
    }
  },
}

/** Earlier cases may have left enough events in the topic; the reader then reads all of them again. */
export async function fillBacklog({ stack, pipeline }: Bench): Promise<void> {
  await stack.stop('reader')
  await pipeline.rewind('product')
  const missing = EVENTS - (await pipeline.backlogOf('product'))
  if (missing > 0) await publishProducts(stack.settings, missing)
}

/**
 * One read model consumes all products, alone. Counts from the moment when a fifth is consumed: until then the reader
 * starts and its code warms up.
 */
export async function catchUp({ stack, pipeline, meter }: Bench, readModel: string): Promise<Sample> {
  await stack.stop('reader')
  await pipeline.rewind(readModel)
  await runSetup('mongo', serviceEnvironment(stack.settings))
  const backlog = () => pipeline.backlogOf(readModel)
  const total = await backlog()
  await stack.restart('reader', { READER_READ_MODELS: readModel })

  let left = total
  while (left > total * 0.8) {
    await sleep(POLL_MS)
    left = await backlog()
  }
  const [count, began, before] = [left, performance.now(), meter.read()]
  while (left > 0) {
    await sleep(POLL_MS)
    left = await backlog()
  }
  return { count, seconds: (performance.now() - began) / 1_000, cpu: spent(before, meter.read()) }
}

async function meanBatch({ stack }: Bench): Promise<number> {
  const admin = httpClient(`http://127.0.0.1:${portsOf(stack.settings, 'reader').admin}`)
  const { text } = await admin.send('GET', '/metrics')
  const value = (name: string) =>
    Number(new RegExp(`^${name}\\{.*topic="product.events".*\\} (\\S+)$`, 'm').exec(text)?.[1])
  const mean = value('kafka_consumer_records_total') / value('kafka_consumer_batch_duration_seconds_count')
  if (!(mean >= 1)) throw new Error('the reader reports no batches')
  return Math.min(MOST_IN_A_BULK, Math.round(mean))
}

async function writeBulks({ stack, meter }: Bench, bulkSize: number): Promise<Sample> {
  const { MONGO_URL, LOCAL_DIR } = stack.settings
  const parameters = [MONGO_URL, 'product', bulkSize, BULKS_IN_FLIGHT].map(String)
  let before = meter.read()
  const work = await runBulkWriter<Work>(LOCAL_DIR, parameters, () => (before = meter.read()))
  return { ...work, cpu: spent(before, meter.read()) }
}
