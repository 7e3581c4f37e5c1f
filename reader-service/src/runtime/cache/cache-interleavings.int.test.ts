import { freshMongo, freshName } from '@lockstep/testkit/fresh-names.ts'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import {
  crashAndRedelivery,
  eviction,
  playAll,
  projection,
  reader,
  starts,
  type Actor,
  type Start,
} from '../testing/cache-interleavings.ts'
import { noteAt, noteReadModel } from '../testing/notes.ts'
import { openReplica, type Replica } from '../testing/replica.ts'

let replica: Replica

beforeAll(async () => {
  const urls = { mongoUrl: freshMongo(inject('mongoUrl')), redisUrl: inject('redisUrl') }
  replica = await openReplica(noteReadModel, { ...urls, collection: freshName() })
})
afterAll(() => replica[Symbol.asyncDispose]())

const played = (start: Start, ...actors: Actor[]) => playAll(replica, noteAt, start, actors)

test.each(starts)(
  'a fill that read an old version before an update never stores it afterwards: %o',
  async (start) => {
    expect(await played(start, reader, projection(2), eviction, eviction)).toEqual({
      played: 420,
      failures: [],
    })
  },
)

test.each(starts)('two fills, an update and an eviction: %o', async (start) => {
  expect(await played(start, reader, reader, projection(2), eviction)).toEqual({
    played: 5_040,
    failures: [],
  })
})

test.each(starts)('a redelivery repairs what a crash between the two writes left: %o', async (start) => {
  expect(await played(start, reader, crashAndRedelivery(2), eviction)).toEqual({ played: 140, failures: [] })
})

test.each(starts)(
  'a projector that lost its partition between its two writes stores nothing old: %o',
  async (start) => {
    const result = await played(start, reader, projection(2), projection(3), eviction)
    expect(result).toEqual({ played: 1_680, failures: [] })
  },
)
