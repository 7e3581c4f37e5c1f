import { randomUUID } from 'node:crypto'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo, freshName } from '@lockstep/testkit/fresh-names.ts'
import { connectedRedis } from '../../testing/redis.ts'
import { entryKey } from '../../cache/cache-entries.ts'
import { redisAuditedCache } from '../../cache/audited-cache.ts'
import { deletedNoteAt, noteAt, noteReadModel, type Note } from '../../testing/notes.ts'
import type { AuditedStore, SourceState } from '../../read-model.ts'
import type { WriterState, WriterStates } from '../../rebuild/writer-states.ts'
import { auditReadModel } from '../audit.ts'
import type { AuditListener, AuditOptions } from '../audit-run.ts'
import type { Mismatch } from '../mismatches.ts'

export type AuditFixture = Awaited<ReturnType<typeof auditFixture>>

const { items, openStore } = noteReadModel

/** Real stores, and a fake of the writer's states: the writer's tests cover its database. */
export async function auditFixture(options: { mongoUrl: string; redisUrl: string; pageSize?: number }) {
  await using scope = new AsyncDisposableStack()
  const { db } = scope.use(openMongo({ url: freshMongo(options.mongoUrl), appName: 'test' }))
  const connection = scope.use(await connectedRedis(options.redisUrl))
  const { redis } = connection
  const collection = freshName()
  const documents = db.collection<{ _id: string; version: number }>(collection)
  const { audited, apply } = openStore(db, collection)
  let beforeRepair = async () => {}
  const store: AuditedStore = {
    ...audited,
    async replace(...parameters) {
      await beforeRepair()
      return audited.replace(...parameters)
    },
    async remove(...parameters) {
      await beforeRepair()
      return audited.remove(...parameters)
    },
  }
  const key = (id: string) => entryKey(connection, { collection, epoch: 1 }, id)!
  const states = new Map<string, WriterState>()
  const corrected: number[] = []
  let cacheOpen = true
  let found = async () => {}
  let requests = 0
  const writer: WriterStates = {
    async list({ after, upTo, limit }) {
      requests++
      const inRange = (id: string) => id > (after ?? '') && (upTo === undefined || id <= upTo)
      const ids = [...states.keys()].filter(inRange).toSorted()
      return ids.slice(0, limit).map((id) => states.get(id)!)
    },
    async find(ids) {
      requests++
      await found()
      return new Map(ids.flatMap((id) => (states.has(id) ? [[id, states.get(id)!] as const] : [])))
    },
  }
  const epoch = { refresh: async () => ({ number: 1, open: cacheOpen }) }
  const cache = redisAuditedCache({ connection, collection, epoch, items })
  const audit = auditReadModel({
    active: () => ({ number: 7, store, cache }),
    writer,
    registry: { corrected: async (active) => void corrected.push(active) },
    ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
  })
  const kept = scope.move()
  return {
    corrected,
    requests: () => requests,
    closeCache: () => void (cacheOpen = false),
    /** Runs before the writer's states of a second check are read, and after a wrong version is removed. */
    onFind: (work: () => Promise<void>) => void (found = work),
    /** Runs before a wrong version is removed. */
    onRepair: (work: () => Promise<void>) => void (beforeRepair = work),
    /** The projection applies it, unless the store has a later version. */
    projected: (state: SourceState) => apply([state]),
    /** The writer has the state; without its event if that is lost. */
    written(state: SourceState, { ageMs = 60_000, mismatches = [] as string[], lost = false } = {}) {
      const { id, version } = state
      states.set(id, { id, version, state: lost ? undefined : state, ageMs, mismatches })
    },
    async stored(...stored: SourceState[]) {
      await documents.deleteMany({ _id: { $in: stored.map(({ id }) => id) } })
      await apply(stored)
    },
    async cached(state: Note) {
      await redis.set(key(state.id), `${state.version} ${items.encode(items.ofState(state))}`)
    },
    entry: (id: string) => redis.get(key(id)),
    document: (id: string) => documents.findOne({ _id: id }),
    async audit(changed: Partial<AuditOptions> = {}, listener: Partial<AuditListener> = {}) {
      const mismatches: Mismatch[] = []
      const end = await audit(
        { repair: false, documentsPerSecond: 100_000, ageLimitMs: 1_000, ...changed },
        {
          onMismatch: async (mismatch) => void mismatches.push(mismatch),
          onProgress: async () => {},
          ...listener,
        },
      )
      return { ...end, mismatches: mismatches.map(({ id: _, ...mismatch }) => mismatch) }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export const mismatched = ['missing', 'behind', 'ahead', 'different', 'orphan', 'restored'] as const

/** One note for each kind of mismatch, among others that are right. Returns their ids by name. */
export async function withEveryMismatch({ written, stored }: AuditFixture) {
  const ids = Object.fromEntries(
    ['right', 'deleted', ...mismatched].map((name) => [name, randomUUID()]),
  ) as Record<(typeof mismatched)[number] | 'right' | 'deleted', string>
  for (const name of ['right', 'missing', 'behind', 'ahead', 'different'] as const) {
    written(noteAt(ids[name], 3))
  }
  for (const name of ['deleted', 'restored'] as const) written(deletedNoteAt(ids[name], 3))
  await stored(
    noteAt(ids.right, 3),
    deletedNoteAt(ids.deleted, 3),
    noteAt(ids.behind, 2),
    noteAt(ids.ahead, 4),
    noteAt(ids.different, 3, { text: 'another text' }),
    noteAt(ids.orphan, 1),
    noteAt(ids.restored, 3),
  )
  return ids
}
