import { Metadata, status, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js'
import {
  EventStoreClient,
  type AggregateState,
  type ListStatesRequest,
  type ListStatesResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { channelOptions } from '@lockstep/core/grpc/channel.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
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

  async function request(filter: Partial<ListStatesRequest> & { aggregate: string }) {
    const all = { ids: [], afterId: '', upToId: '', ...filter }
    const stream = client.listStates(all, new Metadata(), { deadline: Date.now() + TIME_LIMIT_MS })
    const states: AggregateState[] = []
    try {
      for await (const { state } of stream as AsyncIterable<ListStatesResponse>) {
        if (state) states.push(state)
      }
    } catch (error) {
      const { code, message } = error as ServiceError
      const kind = transient.includes(code) ? 'unavailable' : 'internal'
      throw new AppError(kind, `The writer at ${address} does not list its states: ${message}`, {
        cause: error,
      })
    }
    return states
  }

  return {
    of({ aggregate, stateOf }: { aggregate: string; stateOf: StateOf }): WriterStates {
      const decode = (state: AggregateState) => writerState(state, aggregate, stateOf)
      return {
        async list({ after, upTo, limit }) {
          const states = await request({ aggregate, afterId: after ?? '', upToId: upTo ?? '', limit })
          return states.map(decode)
        },
        async find(ids) {
          const found = new Map<string, WriterState>()
          for (let from = 0; from < ids.length; from += MAX_IDS) {
            const states = await request({ aggregate, ids: ids.slice(from, from + MAX_IDS) })
            for (const state of states) found.set(state.id, decode(state))
          }
          return found
        },
      }
    },
    [Symbol.dispose]: () => client.close(),
  }
}

function writerState(
  { id, version, lastEvent, ageMs, mismatches }: AggregateState,
  aggregate: string,
  stateOf: StateOf,
): WriterState {
  if (lastEvent.length === 0) return { id, version, state: undefined, ageMs, mismatches }
  try {
    return { id, version, state: stateOf(lastEvent), ageMs, mismatches }
  } catch (error) {
    // Not `undefined`: a reader that is older than the writer would build an empty read model.
    throw new AppError('internal', `This reader cannot decode the last event of ${aggregate} ${id}`, {
      cause: error,
    })
  }
}
