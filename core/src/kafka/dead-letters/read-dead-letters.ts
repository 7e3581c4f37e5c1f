import { errorStateTopic, errorTopic, errorTopicSuffix } from '@lockstep/contracts/topics.ts'
import { AppError } from '../../errors/app-error.ts'
import { scanTopic, type Take } from '../admin/scan-topic.ts'
import { listTopics } from '../admin/topics.ts'
import type { KafkaLog, KafkaSettings } from '../client/client.ts'
import type { ReceivedRecord } from '../client/record.ts'
import {
  deadLetterOf,
  latestAttempt,
  positionText,
  type DeadLetter,
  type RecordPosition,
} from './dead-letter.ts'
import { resolutionOf, resolves, type Resolution } from './resolution.ts'

/** Each field that is set narrows the selection. */
export type DeadLetterFilter = {
  position?: RecordPosition | undefined
  key?: string | undefined
  errorClass?: string | undefined
  /** Failed last at this time or later, */
  since?: Date | undefined
  /** and before this time. */
  until?: Date | undefined
}

/** `open`: without a resolution. */
export type ListedState = 'open' | 'resolved' | 'all'

export type ListedDeadLetter = DeadLetter & { resolution: Resolution | undefined }

/** Where the dead letters are. Each call reads the topics again, one batch of records at a time. */
export type DeadLetterSource = {
  kafka: KafkaSettings
  log: KafkaLog
  /** How many one call keeps in memory, about 500 bytes each. */
  maxDeadLetters?: number | undefined
}

const defaultMaxDeadLetters = 100_000

/** The groups that have an error topic. Rejects with `unavailable` if no broker responds. */
export async function deadLetterGroups({ kafka, log }: DeadLetterSource): Promise<string[]> {
  const topics = await listTopics(kafka, log).catch((error: unknown) => {
    throw new AppError('unavailable', 'Kafka does not respond', { cause: error })
  })
  return topics
    .filter((topic) => topic.endsWith(errorTopicSuffix))
    .map((topic) => topic.slice(0, -errorTopicSuffix.length))
    .toSorted()
}

/** In the order of the error topic. */
export async function listDeadLetters(
  source: DeadLetterSource,
  group: string,
  filter: DeadLetterFilter,
  state: ListedState,
): Promise<ListedDeadLetter[]> {
  const found = await readDeadLetters(source, group, filter)
  const resolutions = await readResolutions(source, group, found)
  const listed = [...found].map(([name, letter]) => ({ ...letter, resolution: resolutions.get(name) }))
  return listed.filter(
    (letter) =>
      (state === 'all' || (letter.resolution === undefined) === (state === 'open')) &&
      matches(letter, filter),
  )
}

/** One dead letter, open or resolved, and its record on the error topic. */
export async function getDeadLetter(
  source: DeadLetterSource,
  group: string,
  position: RecordPosition,
): Promise<ListedDeadLetter & { record: ReceivedRecord }> {
  const [found] = await listDeadLetters(source, group, { position }, 'all')
  let record: ReceivedRecord | undefined
  if (found) {
    await readTopic(source, errorTopic(group), found.failedAt, (records) => {
      record = records.find(
        ({ partition, offset }) => partition === found.partition && offset === found.offset,
      )
      return record === undefined
    })
  }
  if (!found || !record) {
    throw new AppError('not_found', `${group} has no dead letter ${positionText(position)}`)
  }
  return { ...found, record }
}

/** Reads a topic from this time on. Rejects with `unavailable` if it cannot be read, and with what `take` throws. */
export async function readTopic(
  { kafka, log }: DeadLetterSource,
  topic: string,
  since: Date | undefined,
  take: Take,
): Promise<void> {
  let thrown: { error: unknown } | undefined
  const caught: Take = async (records) => {
    try {
      return await take(records)
    } catch (error) {
      thrown = { error }
      throw error
    }
  }
  try {
    await scanTopic({ kafka, log, topic, since }, caught)
  } catch (error) {
    if (thrown) throw thrown.error
    const message = `failed to read ${topic}; try again later: ${(error as Error).message}`
    throw new AppError('unavailable', message, { cause: error })
  }
}

/** The last attempts, by the text of their position, in the order of the error topic. */
async function readDeadLetters(
  source: DeadLetterSource,
  group: string,
  filter: DeadLetterFilter,
): Promise<Map<string, DeadLetter>> {
  const { maxDeadLetters = defaultMaxDeadLetters } = source
  const wanted = filter.position && positionText(filter.position)
  const found = new Map<string, DeadLetter>()
  await readTopic(source, errorTopic(group), filter.since, (records) => {
    for (const record of records) {
      const letter = deadLetterOf(record)
      const name = positionText(letter.position)
      if (wanted !== undefined && wanted !== name) continue
      // Every attempt has the record's key, and a later attempt has a higher offset.
      if (filter.key !== undefined && keyText(letter) !== filter.key) continue
      const known = found.get(name)
      if (!known && filter.until && letter.failedAt >= filter.until) continue
      const latest = latestAttempt(known, letter)
      if (latest === known) continue
      // Deleted first, because the map must have the order of the attempts that count.
      found.delete(name)
      found.set(name, latest)
      if (found.size > maxDeadLetters) {
        throw new AppError(
          'overloaded',
          `More than ${maxDeadLetters} dead letters: select a shorter time, or a key`,
        )
      }
    }
  })
  return found
}

async function readResolutions(
  source: DeadLetterSource,
  group: string,
  letters: ReadonlyMap<string, DeadLetter>,
): Promise<Map<string, Resolution>> {
  const found = new Map<string, Resolution>()
  if (letters.size === 0) return found
  await readTopic(source, errorStateTopic(group), undefined, (records) => {
    for (const record of records) {
      const decoded = resolutionOf(record)
      if (!decoded) continue
      const name = positionText(decoded.position)
      const letter = letters.get(name)
      if (letter && resolves(decoded.resolution, letter)) found.set(name, decoded.resolution)
    }
  })
  return found
}

const keyText = ({ key }: DeadLetter) => key?.toString('utf8')

function matches(letter: DeadLetter, { errorClass, since, until }: DeadLetterFilter): boolean {
  if (errorClass !== undefined && letter.errorClass !== errorClass) return false
  return !(since && letter.failedAt < since) && !(until && letter.failedAt >= until)
}
