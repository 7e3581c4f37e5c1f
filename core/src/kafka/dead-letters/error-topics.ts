import { setTimeout as sleep } from 'node:timers/promises'
import { errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { AppError } from '../../errors/app-error.ts'
import type { KafkaLog, KafkaSettings } from '../client/client.ts'
import { settlementRecord, type ErrorEntry, type Settlement } from './error-entry.ts'
import { errorReader, type ErrorFilter, type ErrorReader, type ListedError } from './error-reader.ts'
import { sendInParts, type Producer } from '../producer/producer.ts'

/** Who settles a record, and why. */
export type Verdict = { by: string; reason: string; dryRun: boolean }

/** May take its time: nothing goes on before it resolves. What it throws ends the work. */
export type OnError = (error: ListedError, done: number, total: number) => Promise<void>

/** The error topics of consumer groups, as operators use them. Nothing is kept between two calls. */
export type ErrorTopics = Omit<ErrorReader, 'scan'> & {
  /** Puts open records on `<group>.retry` and then notes it: a crash in between repeats them, which does no harm. */
  redrive(
    group: string,
    filter: ErrorFilter,
    how: Verdict & { perSecond: number },
    each: OnError,
  ): Promise<void>
  discard(group: string, filter: ErrorFilter, how: Verdict, each: OnError): Promise<void>
}

/** Records, and bytes of their values, that are redriven with one request. */
const CHUNK = { records: 100, bytes: 512 * 1024 }

export function errorTopics(options: {
  kafka: KafkaSettings
  log: KafkaLog
  producer: Producer
  maxEntries?: number
}): ErrorTopics {
  const { producer } = options
  const reader = errorReader(options)

  const settle = (
    group: string,
    chosen: readonly ErrorEntry[],
    verdict: Verdict,
    outcome: Settlement['outcome'],
  ) => {
    const { by, reason } = verdict
    const at = new Date()
    return send(
      chosen.map(({ place, attempts, timestamp }) =>
        settlementRecord(group, place, { outcome, attempts, timestamp, by, reason, at }),
      ),
    )
  }

  const send = async (records: Parameters<Producer['send']>[0]) => {
    try {
      await sendInParts(producer, records)
    } catch (error) {
      throw new AppError('unavailable', `Kafka took no records: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  async function redrive(
    group: string,
    filter: ErrorFilter,
    how: Verdict & { perSecond: number },
    each: OnError,
  ): Promise<void> {
    const chosen = await reader.list(group, filter, 'open')
    const total = chosen.length
    let done = 0
    if (how.dryRun) {
      for (const error of chosen) await each(error, ++done, total)
      return
    }
    const left = new Map(chosen.map((error) => [`${error.entry.partition}/${error.entry.offset}`, error]))
    const since = earliest(chosen)
    let pause = Promise.resolve()
    await reader.scan(errorTopic(group), since, async (records) => {
      const wanted = records.filter(({ partition, offset }) => left.has(`${partition}/${offset}`))
      for (const chunk of inChunks(wanted, Math.min(CHUNK.records, how.perSecond))) {
        await pause
        pause = sleep((chunk.length / how.perSecond) * 1_000)
        const errors = chunk.map(({ partition, offset }) => left.get(`${partition}/${offset}`)!)
        await send(
          chunk.map(({ key, value, headers }) => ({ topic: retryTopic(group), key, value, headers })),
        )
        await settle(
          group,
          errors.map(({ entry }) => entry),
          how,
          'redriven',
        )
        for (const { partition, offset } of chunk) left.delete(`${partition}/${offset}`)
        for (const error of errors) await each(error, ++done, total)
      }
      return left.size > 0
    })
  }

  async function discard(group: string, filter: ErrorFilter, how: Verdict, each: OnError): Promise<void> {
    const chosen = await reader.list(group, filter, 'open')
    let done = 0
    for (const chunk of inChunks(chosen, CHUNK.records)) {
      if (!how.dryRun)
        await settle(
          group,
          chunk.map(({ entry }) => entry),
          how,
          'discarded',
        )
      for (const error of chunk) await each(error, ++done, chosen.length)
    }
  }

  return { list: reader.list, find: reader.find, redrive, discard }
}

function earliest(errors: readonly ListedError[]): Date | undefined {
  const times = errors.map(({ entry }) => entry.failedAt.getTime())
  return times.length === 0 ? undefined : new Date(times.reduce((a, b) => Math.min(a, b)))
}

/** In order; a chunk has at least one. Records are bounded in bytes too. */
function* inChunks<T extends object>(items: readonly T[], most: number): Generator<T[]> {
  let chunk: T[] = []
  let bytes = 0
  for (const item of items) {
    const size = 'value' in item && Buffer.isBuffer(item.value) ? item.value.length : 0
    if (chunk.length === most || (chunk.length > 0 && bytes + size > CHUNK.bytes)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(item)
    bytes += size
  }
  if (chunk.length > 0) yield chunk
}
