import { setTimeout as sleep } from 'node:timers/promises'
import { errorStateTopic, errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { AppError } from '../errors/app-error.ts'
import type { KafkaLog, KafkaSettings } from './client.ts'
import {
  errorEntry,
  laterAttempt,
  placeText,
  settlementOf,
  settlementRecord,
  settles,
  type ErrorEntry,
  type RecordPlace,
  type Settlement,
} from './error-entry.ts'
import { sendInParts, type Producer } from './producer.ts'
import type { ReceivedRecord } from './record.ts'
import { scanTopic, type Take } from './scan-topic.ts'

/** Every field that is set narrows it down. */
export type ErrorFilter = {
  place?: RecordPlace | undefined
  key?: string | undefined
  errorClass?: string | undefined
  /** Given up at this time or later, */
  since?: Date | undefined
  /** and before this one. */
  until?: Date | undefined
}

export type ListedError = { entry: ErrorEntry; settlement: Settlement | undefined }

/** Who settles a record, and why. */
export type Verdict = { by: string; reason: string; dryRun: boolean }

/** May take its time: nothing goes on before it resolves. What it throws ends the work. */
export type OnError = (error: ListedError, done: number, total: number) => Promise<void>

/**
 * The error topics of consumer groups, as operators use them. Nothing is kept between two calls: each reads the topics
 * anew, with the records one batch at a time.
 */
export type ErrorTopics = {
  /** Open records, or settled ones, in the order of the error topic. */
  list(group: string, filter: ErrorFilter, which: 'open' | 'settled'): Promise<ListedError[]>
  /** The record as it stands on the error topic, be it settled or not. */
  find(group: string, place: RecordPlace): Promise<ListedError & { record: ReceivedRecord }>
  /** Puts open records on `<group>.retry` and then notes it: a crash in between repeats them, which does no harm. */
  redrive(
    group: string,
    filter: ErrorFilter,
    how: Verdict & { perSecond: number },
    each: OnError,
  ): Promise<void>
  discard(group: string, filter: ErrorFilter, how: Verdict, each: OnError): Promise<void>
}

/** Entries that one call holds in memory, about 500 bytes each. */
const MAX_ENTRIES = 100_000

/** Records, and bytes of their values, that are redriven with one request. */
const CHUNK = { records: 100, bytes: 512 * 1024 }

export function errorTopics(options: {
  kafka: KafkaSettings
  log: KafkaLog
  producer: Producer
  maxEntries?: number
}): ErrorTopics {
  const { kafka, log, producer, maxEntries = MAX_ENTRIES } = options
  const scan = async (topic: string, since: Date | undefined, take: Take) => {
    let refused: { by: unknown } | undefined
    try {
      await scanTopic({ kafka, log, topic, since }, async (records) => {
        try {
          return await take(records)
        } catch (error) {
          refused = { by: error }
          throw error
        }
      })
    } catch (error) {
      if (refused) throw refused.by
      throw new AppError('unavailable', `${topic} cannot be read: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }

  async function latest(group: string, filter: ErrorFilter): Promise<Map<string, ErrorEntry>> {
    const entries = new Map<string, ErrorEntry>()
    await scan(errorTopic(group), filter.since, (records) => {
      for (const record of records) {
        const entry = errorEntry(record)
        const name = placeText(entry.place)
        if (filter.place && placeText(filter.place) !== name) continue
        const known = entries.get(name)
        const counts = laterAttempt(known, entry)
        if (counts === known) continue
        // Deleted first: the map keeps the order of the error records that count.
        entries.delete(name)
        entries.set(name, counts)
        if (entries.size > maxEntries) {
          throw new AppError('overloaded', `More than ${maxEntries} records: ask for a later time on`)
        }
      }
    })
    return entries
  }

  async function settlements(
    group: string,
    entries: Map<string, ErrorEntry>,
  ): Promise<Map<string, Settlement>> {
    const found = new Map<string, Settlement>()
    if (entries.size === 0) return found
    await scan(errorStateTopic(group), undefined, (records) => {
      for (const record of records) {
        const state = settlementOf(record)
        if (!state) continue
        const name = placeText(state.place)
        const entry = entries.get(name)
        if (!entry) continue
        if (settles(state.settlement, entry)) found.set(name, state.settlement)
      }
    })
    return found
  }

  async function list(
    group: string,
    filter: ErrorFilter,
    which: 'open' | 'settled' | 'all',
  ): Promise<ListedError[]> {
    const entries = await latest(group, filter)
    const settled = await settlements(group, entries)
    const listed = [...entries].map(([name, entry]) => ({ entry, settlement: settled.get(name) }))
    return listed.filter(({ entry, settlement }) => {
      return (which === 'all' || (settlement === undefined) === (which === 'open')) && matches(entry, filter)
    })
  }

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
    const chosen = await list(group, filter, 'open')
    const total = chosen.length
    let done = 0
    if (how.dryRun) {
      for (const error of chosen) await each(error, ++done, total)
      return
    }
    const left = new Map(chosen.map((error) => [`${error.entry.partition}/${error.entry.offset}`, error]))
    const since = earliest(chosen)
    let pause = Promise.resolve()
    await scan(errorTopic(group), since, async (records) => {
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
    const chosen = await list(group, filter, 'open')
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

  async function find(group: string, place: RecordPlace): Promise<ListedError & { record: ReceivedRecord }> {
    const [found] = await list(group, { place }, 'all')
    let record: ReceivedRecord | undefined
    if (found) {
      const { partition, offset, failedAt } = found.entry
      await scan(errorTopic(group), failedAt, (records) => {
        record = records.find((each) => each.partition === partition && each.offset === offset)
        return record === undefined
      })
    }
    if (!found || !record) throw new AppError('not_found', `${group} has not given up ${placeText(place)}`)
    return { ...found, record }
  }

  return {
    list,
    find,
    redrive,
    discard,
  }
}

function matches(entry: ErrorEntry, { key, errorClass, since, until }: ErrorFilter): boolean {
  if (key !== undefined && entry.key?.toString('utf8') !== key) return false
  if (errorClass !== undefined && entry.errorClass !== errorClass) return false
  return !(since && entry.failedAt < since) && !(until && entry.failedAt >= until)
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
