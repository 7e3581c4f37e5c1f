import { setTimeout as sleep } from 'node:timers/promises'
import { errorTopic, retryTopic } from '@lockstep/contracts/topics.ts'
import { AppError } from '../../errors/app-error.ts'
import type { OutgoingRecord, ReceivedRecord } from '../client/record.ts'
import { sendInParts, type Producer } from '../producer/producer.ts'
import {
  listDeadLetters,
  readTopic,
  type DeadLetterFilter,
  type DeadLetterSource,
  type ListedDeadLetter,
} from './read-dead-letters.ts'
import { resolutionRecord, type Resolution } from './resolution.ts'

export type DeadLetterStore = DeadLetterSource & { producer: Producer }

/** `dryRun` reports the dead letters and changes nothing. */
export type ResolveOptions = { by: string; reason: string; dryRun: boolean }

/** Called after each resolved dead letter. The work waits for the result; an error ends it. */
export type OnResolved = (letter: ListedDeadLetter, done: number, total: number) => Promise<void>

/** Dead letters that are resolved with one request, and the bytes of their values. */
const chunkLimit = { records: 100, bytes: 512 * 1024 }

/** Puts the records of open dead letters on `<group>.retry`, then resolves them. A crash in between repeats both. */
export async function redriveDeadLetters(
  store: DeadLetterStore,
  group: string,
  filter: DeadLetterFilter,
  options: ResolveOptions & { perSecond: number },
  onResolved: OnResolved,
): Promise<void> {
  const { perSecond } = options
  const open = await listDeadLetters(store, group, filter, 'open')
  let done = 0
  if (options.dryRun) {
    for (const letter of open) await onResolved(letter, ++done, open.length)
    return
  }
  if (open.length === 0) return
  const left = new Map(open.map((letter) => [`${letter.partition}/${letter.offset}`, letter]))
  let pause = Promise.resolve()
  await readTopic(store, errorTopic(group), earliest(open), async (records) => {
    const wanted = records.flatMap((record) => {
      const letter = left.get(`${record.partition}/${record.offset}`)
      return letter ? [{ record, letter }] : []
    })
    for (const chunk of inChunks(wanted, Math.min(chunkLimit.records, perSecond))) {
      await pause
      pause = sleep((chunk.length / perSecond) * 1_000)
      const letters = chunk.map(({ letter }) => letter)
      await send(
        store.producer,
        chunk.map(({ record: { key, value, headers } }) => ({
          topic: retryTopic(group),
          key,
          value,
          headers,
        })),
      )
      await resolve(store.producer, group, letters, 'redriven', options)
      for (const letter of letters) {
        left.delete(`${letter.partition}/${letter.offset}`)
        await onResolved(letter, ++done, open.length)
      }
    }
    return left.size > 0
  })
}

/** Resolves open dead letters without handling their records. */
export async function discardDeadLetters(
  store: DeadLetterStore,
  group: string,
  filter: DeadLetterFilter,
  options: ResolveOptions,
  onResolved: OnResolved,
): Promise<void> {
  const open = await listDeadLetters(store, group, filter, 'open')
  let done = 0
  for (let from = 0; from < open.length; from += chunkLimit.records) {
    const chunk = open.slice(from, from + chunkLimit.records)
    if (!options.dryRun) await resolve(store.producer, group, chunk, 'discarded', options)
    for (const letter of chunk) await onResolved(letter, ++done, open.length)
  }
}

function resolve(
  producer: Producer,
  group: string,
  letters: readonly ListedDeadLetter[],
  outcome: Resolution['outcome'],
  { by, reason }: ResolveOptions,
): Promise<void> {
  const at = new Date()
  return send(
    producer,
    letters.map(({ position, attempts, timestamp }) =>
      resolutionRecord(group, position, { outcome, attempts, timestamp, by, reason, at }),
    ),
  )
}

async function send(producer: Producer, records: readonly OutgoingRecord[]): Promise<void> {
  try {
    await sendInParts(producer, records)
  } catch (error) {
    const message = `failed to write to Kafka; try again later: ${(error as Error).message}`
    throw new AppError('unavailable', message, { cause: error })
  }
}

function earliest(letters: readonly ListedDeadLetter[]): Date {
  return new Date(letters.reduce((first, { failedAt }) => Math.min(first, failedAt.getTime()), Infinity))
}

/** In order. A chunk has at least one record, and otherwise at most `limit` records and `chunkLimit.bytes`. */
function* inChunks<T extends { record: ReceivedRecord }>(items: readonly T[], limit: number): Generator<T[]> {
  let chunk: T[] = []
  let bytes = 0
  for (const item of items) {
    const size = item.record.value?.length ?? 0
    if (chunk.length === limit || (chunk.length > 0 && bytes + size > chunkLimit.bytes)) {
      yield chunk
      chunk = []
      bytes = 0
    }
    chunk.push(item)
    bytes += size
  }
  if (chunk.length > 0) yield chunk
}
