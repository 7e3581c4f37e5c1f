import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockstepOf } from '../clients/lockstep.ts'
import { readable } from '../clients/readable.ts'
import { sendCommand } from '../clients/send-command.ts'
import { product } from '../subjects/product.ts'
import { eventually } from '../system/eventually.ts'
import { metric } from '../system/metric.ts'
import { expectReads, recordedQuery } from './expectations.ts'
import { killed, lasting, surely } from './injections.ts'
import { FAULT_MS, networkFaults } from './network.ts'
import type { Injection, Scenario } from './scenario.ts'

const recovers = 'a replica continues the rebuild; the old generation is projected all the time'

/** Without a pause between documents. */
const fast = ['--rate', '100000']

const readModels = [product.type, product.totals.readModel, product.changes!.readModel]

export const rebuildScenarios: readonly Scenario[] = [
  {
    name: 'rebuild',
    fails: 'one reader after the other',
    when: 'kill -9 during rebuilds of all read models of a topic; then queries are switched back',
    recovers,
    short: true,
    inject: killedDuringRebuild,
    async afterwards(injection) {
      await Promise.all(readModels.map((readModel) => backToFirstGeneration(injection, readModel)))
    },
  },
  ...Object.entries(networkFaults).map(([kind, { what, inject }]): Scenario => ({
    name: `reader-writer-${kind}`,
    fails: 'connections between the readers and the writer that gives them its states',
    when: `they ${what}, during a rebuild and an audit`,
    recovers,
    async inject(injection) {
      const work = awaitedLater([
        operated(injection, 'rebuild', product.type),
        operated(injection, 'audit', product.type, ...fast),
      ])
      await inject(injection.stack.proxies.readersWriter, async () => {
        await backfilling(injection)
        await sleep(FAULT_MS)
      })
      injection.note('the network is healed')
      await work
    },
    afterwards: backToFirstGeneration,
  })),
]

/** Higher than any that the clients set. */
const DRIFTED_PRICE = 1_000_000

type Document = { _id: string; version: number; deleted: boolean; priceCents?: number }

async function killedDuringRebuild(injection: Injection): Promise<void> {
  const { stack, expect } = injection
  const { drifted } = await drift(injection)
  const rebuilds = awaitedLater(readModels.map((readModel) => operated(injection, 'rebuild', readModel)))
  for (const { process } of stack.readers) await killed(injection, process, lasting(2_000))
  for (const [generation] of await rebuilds) {
    expect(generation?.phase === 'ready', `the rebuild ends ready: ${JSON.stringify(generation)}`)
  }
  for (const reader of stack.readers) {
    const active = () => metric(reader, 'reader_active_model_generation', `read_model="${product.type}"`)
    await eventually(
      async () => {
        if ((await active()) === 0) throw new Error(`${reader.name} still uses generation 0`)
      },
      { withinMs: 60_000 },
    )
    const { result } = await recordedQuery(injection, reader, { subject: product.type, id: drifted })
    const repaired = result.type === 'found' && result.state.priceCents !== DRIFTED_PRICE
    expect(repaired, `the new generation has no drift: ${JSON.stringify(result)}`)
  }
}

/** A document that differs from its events, and one without a product. */
async function drift({ stack, record, note }: Injection): Promise<{ drifted: string }> {
  const attempt = await sendCommand(stack.writers[0], 'http', product.create(randomUUID()))
  record(attempt)
  const drifted = attempt.id ?? ''
  for (const reader of stack.readers) await readable(reader, drifted, 1)
  const documents = stack.mongo.collection<Document>(product.readModel.collection)
  await documents.updateOne({ _id: drifted }, { $set: { priceCents: DRIFTED_PRICE } })
  await documents.insertOne({ _id: randomUUID(), version: 1, deleted: true })
  note(`the document of ${drifted} differs, and one is an orphan`)
  return { drifted }
}

/** A failure before the `await` is not an unhandled one, which would end the run. */
function awaitedLater<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const all = Promise.all(work)
  all.catch(() => {})
  return all
}

/** Runs the operators' tool until it succeeds. */
export function operated({ stack, note }: Injection, ...argv: string[]): Promise<Record<string, unknown>[]> {
  note(`lockstep ${argv.join(' ')}`)
  return surely(async () => {
    const { code, err, json } = await lockstepOf(stack)(...argv, '--json')
    if (code !== 0) throw new Error(err)
    return json
  })
}

/** The generation beside the first one, while there is one. */
async function otherGeneration(
  injection: Injection,
  readModel = product.type,
): Promise<Record<string, unknown> | undefined> {
  const [, other] = await operated(injection, 'rebuild', readModel, '--status')
  return other
}

const isRunning = ({ phase }: Record<string, unknown>) =>
  ['setting_offsets', 'backfilling', 'catching_up', 'auditing'].includes(String(phase))

/** Resolves when the readers ask for the writer's states, or did so. */
function backfilling(injection: Injection): Promise<void> {
  return surely(async () => {
    const other = await otherGeneration(injection)
    if (!other || other.phase === 'setting_offsets') throw new Error('the rebuild does not backfill yet')
  })
}

/**
 * Follows the rebuild to its end and audits the new generation, then switches queries back to the first generation for
 * a while, repairs it, and drops the other one. No query fails meanwhile.
 */
export async function backToFirstGeneration(injection: Injection, readModel = product.type): Promise<void> {
  const { stack, expect } = injection
  const since = Date.now()
  for (let other; (other = await otherGeneration(injection, readModel));) {
    if (isRunning(other)) {
      await operated(injection, 'rebuild', readModel)
      await sleep(3_000)
    } else if (other.active) {
      await operated(injection, 'audit', readModel, ...fast)
      await operated(injection, 'rebuild', readModel, '--switch-to', '0')
      const second = await lockstepOf(stack)('rebuild', readModel)
      const refused = second.code === 1 && second.err.includes('drop the one that queries do not use')
      expect(refused, `beside two generations a rebuild is refused: ${second.code} ${second.err}`)
      await sleep(3_000)
    } else {
      await operated(injection, 'rebuild', readModel, '--drop-old')
    }
  }
  // The audit ends with exit code 1 while it finds something to repair.
  await operated(injection, 'audit', readModel, '--repair', '--age-limit', '0', ...fast)
  expectReads(injection, since)
  const collections = await stack.mongo.listCollections({}, { nameOnly: true }).toArray()
  const left = collections.map(({ name }) => name).filter((name) => name.startsWith(`${readModel}_g`))
  expect(left.length === 0, `the dropped generation has no collection: ${left.join()}`)
}
