import { freshMongo, freshName } from '@lockstep/testkit/fresh-names.ts'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { generationNames } from '../rebuild/generations.ts'
import { noteAt, noteReadModel } from './notes.ts'
import { openReplica, type Replica } from './replica.ts'

/* Two read models on the same servers. A product and its stock have the same id, so ids alone must identify nothing. */

const first = freshName()
const second = freshName()
let notes: Replica
let memos: Replica

beforeAll(async () => {
  const urls = { mongoUrl: freshMongo(inject('mongoUrl')), redisUrl: inject('redisUrl') }
  const open = (name: string) => {
    const { collection } = generationNames(name, 0)
    return openReplica({ ...noteReadModel, name }, { ...urls, collection })
  }
  notes = await open(first)
  memos = await open(second)
  await vi.waitFor(
    async () => {
      for (const replica of [notes, memos]) {
        await replica.project(noteAt(crypto.randomUUID(), 1))
        expect(replica.notified).toHaveBeenCalled()
      }
    },
    { timeout: 60_000 },
  )
})
afterAll(async () => {
  await notes.db.dropDatabase()
  await Promise.all([notes, memos].map((replica) => replica[Symbol.asyncDispose]()))
})

test('read models share no document, cache entry, notification or served version', async () => {
  const id = crypto.randomUUID()
  await notes.project(noteAt(id, 7))
  await vi.waitFor(() => expect(notes.notified).toHaveBeenCalledWith({ id, version: 7 }), { timeout: 60_000 })
  expect((await notes.get({ id })).version).toBe(7)
  await expect(memos.get({ id })).rejects.toMatchObject({ code: 'not_found' })

  await memos.project(noteAt(id, 2))
  for (let i = 0; i < 2; i++) {
    expect((await memos.get({ id })).version).toBe(2)
    expect((await notes.get({ id })).version).toBe(7)
  }
  expect(memos.notified).not.toHaveBeenCalledWith({ id, version: 7 })
  expect(notes.notified).not.toHaveBeenCalledWith({ id, version: 2 })
})
