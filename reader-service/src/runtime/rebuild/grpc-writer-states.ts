import { Metadata, status, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js'
import {
  EventStoreClient,
  type AggregateState,
  type ListEventsRequest,
  type ListEventsResponse,
  type ListStatesRequest,
  type ListStatesResponse,
  type StoredEvent,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { channelOptions } from '@lockstep/core/grpc/channel.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { keyParts } from '../history/entry.ts'
import type { SourceState } from '../read-model.ts'
import type { WriterState, WriterStates } from './writer-states.ts'

/** For one page; shorter than a replica keeps the claim on a rebuild without renewing it. */
const TIME_LIMIT_MS = 15_000

/** Ids per request; the limit of the writer's API. */
const MAX_IDS = 1_000

/** Decodes the value of a record of the source topic. Throws when the bytes are not such a value. */
export type StateOf = (lastEvent: Uint8Array) => SourceState

/** The writer may list its states later; other errors need a change of the configuration or of the code. */
const transient: readonly status[] = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.CANCELLED,
  status.UNKNOWN,
]

/** One connection to the writer's operators' API, for every read model. Connects when it is first used. */
export function connectWriterStates(options: { address: string; credentials: ChannelCredentials }) {
  const { address, credentials } = options
  const client = new EventStoreClient(address, credentials, channelOptions(address))

  /** The messages of a stream; rejects with `unavailable` if the writer may send them later. */
  async function all<T>(open: (call: { deadline: number }) => AsyncIterable<T>, what: string): Promise<T[]> {
    const messages: T[] = []
    try {
      for await (const message of open({ deadline: Date.now() + TIME_LIMIT_MS })) messages.push(message)
    } catch (error) {
      const { code, message } = error as ServiceError
      const kind = transient.includes(code) ? 'unavailable' : 'internal'
      throw new AppError(kind, `The writer at ${address} does not list its ${what}: ${message}`, {
        cause: error,
      })
    }
    return messages
  }

  async function requestStates(filter: Partial<ListStatesRequest> & { aggregate: string }) {
    const request = { ids: [], afterId: '', upToId: '', ...filter }
    const messages = await all<ListStatesResponse>(
      (call) => client.listStates(request, new Metadata(), call),
      'states',
    )
    return messages.flatMap(({ state }) => state ?? [])
  }

  async function requestEvents(filter: Partial<ListEventsRequest> & { aggregate: string }) {
    const request = { positions: [], after: undefined, upTo: undefined, ...filter }
    const messages = await all<ListEventsResponse>(
      (call) => client.listEvents(request, new Metadata(), call),
      'events',
    )
    return messages.flatMap(({ event }) => event ?? [])
  }

  type Decoding = { aggregate: string; stateOf: StateOf }
  return {
    /** The last event of each id. */
    statesOf({ aggregate, stateOf }: Decoding): WriterStates {
      const decode = (state: AggregateState) => writerState(state, aggregate, stateOf)
      return {
        async list({ after, upTo, limit }) {
          const range = { afterId: after ?? '', upToId: upTo ?? '', limit }
          return (await requestStates({ aggregate, ...range })).map(decode)
        },
        find: (ids) =>
          findAll(ids, async (some) => (await requestStates({ aggregate, ids: some })).map(decode)),
      }
    },
    /** Every event, with the id and the version that the state after it has. */
    eventsOf({ aggregate, stateOf }: Decoding): WriterStates {
      const decode = ({ position, payload, ageMs }: StoredEvent): WriterState => {
        const state = decoded(payload, aggregate, position?.id ?? '', stateOf)
        return { id: state.id, version: state.version, state, ageMs, mismatches: [] }
      }
      return {
        async list({ after, upTo, limit }) {
          const position = (key: string | undefined) => (key === undefined ? undefined : keyParts(key))
          const range = { after: position(after), upTo: position(upTo), limit }
          return (await requestEvents({ aggregate, ...range })).map(decode)
        },
        find: (keys) =>
          findAll(keys, async (some) =>
            (await requestEvents({ aggregate, positions: some.map(keyParts) })).map(decode),
          ),
      }
    },
    [Symbol.dispose]: () => client.close(),
  }
}

async function findAll(
  ids: readonly string[],
  find: (ids: string[]) => Promise<WriterState[]>,
): Promise<Map<string, WriterState>> {
  const found = new Map<string, WriterState>()
  for (let from = 0; from < ids.length; from += MAX_IDS) {
    for (const state of await find(ids.slice(from, from + MAX_IDS))) found.set(state.id, state)
  }
  return found
}

function writerState(
  { id, version, lastEvent, ageMs, mismatches }: AggregateState,
  aggregate: string,
  stateOf: StateOf,
): WriterState {
  if (lastEvent.length === 0) return { id, version, state: undefined, ageMs, mismatches }
  return { id, version, state: decoded(lastEvent, aggregate, id, stateOf), ageMs, mismatches }
}

function decoded(event: Uint8Array, aggregate: string, id: string, stateOf: StateOf): SourceState {
  try {
    return stateOf(event)
  } catch (error) {
    // Not `undefined`: a reader that is older than the writer would build an empty read model.
    throw new AppError('internal', `This reader cannot decode an event of ${aggregate} ${id}`, {
      cause: error,
    })
  }
}
