import { credentials } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  EventStoreService,
  type AggregateState,
  type ListStatesRequest,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { serveGrpc } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { connectWriterStates } from './grpc-writer-states.ts'
import { noteAt } from '../testing/notes.ts'

const never = new AbortController().signal
const defaults: AggregateState = {
  id: '',
  version: 1,
  deleted: false,
  lastEvent: Buffer.alloc(0),
  ageMs: 0,
  mismatches: [],
}

/** A real server and client; the server returns these states to every request. */
async function connected(states: Partial<AggregateState>[], failure?: AppError) {
  await using scope = new AsyncDisposableStack()
  const log = createLog({ service: 'test', level: 'silent' })
  const requests: ListStatesRequest[] = []
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  const eventStore = grpcService(EventStoreService, {
    async listStates(request, send) {
      requests.push(request)
      for (const state of states) await send({ state: { ...defaults, ...state } })
      if (failure) throw failure
    },
    republishEvents: async () => {},
    listEvents: async () => {},
    exportEvents: async () => {},
    importEvents: async () => {},
  })
  const { port } = scope.use(
    await serveGrpc({
      host: '127.0.0.1',
      port: 0,
      tls: { certFile: '', keyFile: '', clientCaFile: '' },
      services: [eventStore],
      descriptors: contractDescriptors,
      draining: never,
    }),
  )
  const writer = scope.use(
    connectWriterStates({ address: `127.0.0.1:${port}`, credentials: credentials.createInsecure() }),
  )
  const notes = writer.statesOf({
    aggregate: 'note',
    stateOf(lastEvent) {
      const text = Buffer.from(lastEvent).toString()
      if (text === 'unknown type') throw new Error(text)
      return noteAt('a', 3, { text })
    },
  })
  const kept = scope.move()
  return { notes, requests, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

test('states are decoded from their last events; a state whose event is lost is not left out', async () => {
  await using writer = await connected([
    { id: 'a', version: 3, lastEvent: Buffer.from('a note'), ageMs: 5, mismatches: ['text'] },
    { id: 'b', version: 2 },
  ])
  expect(await writer.notes.list({ after: undefined, upTo: 'x', limit: 7 })).toEqual([
    { id: 'a', version: 3, state: noteAt('a', 3, { text: 'a note' }), ageMs: 5, mismatches: ['text'] },
    { id: 'b', version: 2, state: undefined, ageMs: 0, mismatches: [] },
  ])
  expect(writer.requests).toEqual([{ aggregate: 'note', ids: [], afterId: '', upToId: 'x', limit: 7 }])
})

test('ids are requested in groups that the writer accepts, and none at all for none', async () => {
  await using writer = await connected([])
  expect(await writer.notes.find([])).toEqual(new Map())
  expect(writer.requests).toEqual([])
  await writer.notes.find(Array.from({ length: 1_001 }, (_, i) => String(i)))
  expect(writer.requests.map(({ ids }) => ids.length)).toEqual([1_000, 1])
})

test('an event that this reader cannot decode is an error, not a state without an event', async () => {
  await using writer = await connected([{ id: 'a', lastEvent: Buffer.from('unknown type') }])
  await expect(writer.notes.find(['a'])).rejects.toMatchObject({
    code: 'internal',
    message: 'This reader cannot decode an event of note a',
  })
})

test('a list that the writer breaks off is unavailable, not shorter', async () => {
  const failure = new AppError('unavailable', 'the database does not respond')
  await using writer = await connected([{ id: 'a', lastEvent: Buffer.from('a note') }], failure)
  await expect(writer.notes.list({ after: undefined, upTo: undefined, limit: 7 })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('the database does not respond'),
  })
})

test('a refusal that repetition does not end is no unavailability, and its reason is kept', async () => {
  await using writer = await connected([], new AppError('invalid', 'there is no aggregate note'))
  await expect(writer.notes.list({ after: undefined, upTo: undefined, limit: 7 })).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('there is no aggregate note'),
  })
})
