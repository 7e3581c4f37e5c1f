import { errorStateTopic, errorTopic } from '@lockstep/contracts/topics.ts'
import { AppError } from '../../errors/app-error.ts'
import type { KafkaLog, KafkaSettings } from '../client/client.ts'
import {
  errorEntry,
  laterAttempt,
  placeText,
  settlementOf,
  settles,
  type ErrorEntry,
  type RecordPlace,
  type Settlement,
} from './error-entry.ts'
import type { ReceivedRecord } from '../client/record.ts'
import { scanTopic, type Take } from '../admin/scan-topic.ts'

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

/** What stands on the error topics of consumer groups. Each call reads them anew, the records one batch at a time. */
export type ErrorReader = {
  /** In the order of the error topic. */
  list(group: string, filter: ErrorFilter, which: 'open' | 'settled' | 'all'): Promise<ListedError[]>
  /** The record as it stands on the error topic, be it settled or not. */
  find(group: string, place: RecordPlace): Promise<ListedError & { record: ReceivedRecord }>
  /** Reads a topic from this time on. Rejects with `unavailable` when it cannot be read, and with what `take` throws. */
  scan(topic: string, since: Date | undefined, take: Take): Promise<void>
}

/** Entries that one call holds in memory, about 500 bytes each. */
const MAX_ENTRIES = 100_000

export function errorReader({
  kafka,
  log,
  maxEntries = MAX_ENTRIES,
}: {
  kafka: KafkaSettings
  log: KafkaLog
  maxEntries?: number | undefined
}): ErrorReader {
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
        // All error records of a record have its key, and later attempts stand behind earlier ones.
        if (filter.key !== undefined && keyText(entry) !== filter.key) continue
        const known = entries.get(name)
        if (!known && filter.until && entry.failedAt >= filter.until) continue
        const counts = laterAttempt(known, entry)
        if (counts === known) continue
        // Deleted first: the map keeps the order of the error records that count.
        entries.delete(name)
        entries.set(name, counts)
        if (entries.size > maxEntries) {
          throw new AppError(
            'overloaded',
            `More than ${maxEntries} records: ask for a shorter time, or for a key`,
          )
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

  return { list, find, scan }
}

const keyText = ({ key }: ErrorEntry) => key?.toString('utf8')

function matches(entry: ErrorEntry, { errorClass, since, until }: ErrorFilter): boolean {
  if (errorClass !== undefined && entry.errorClass !== errorClass) return false
  return !(since && entry.failedAt < since) && !(until && entry.failedAt >= until)
}
