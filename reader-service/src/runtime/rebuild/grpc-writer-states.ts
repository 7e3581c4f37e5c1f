import { Metadata, type ChannelCredentials } from '@grpc/grpc-js'
import {
  EventStoreClient,
  type ListProductStatesRequest,
  type ListProductStatesResponse,
  type ProductState as StateMessage,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { ProductState } from '../../product/domain/product.ts'
import type { WriterState, WriterStates } from './writer-states.ts'

/** For one page, and less than a replica keeps the work on a rebuild without a sign of life. */
const TIME_LIMIT_MS = 15_000

/** The writer's states over its operators' API. Connects when it is first used. */
export function grpcWriterStates(options: {
  address: string
  credentials: ChannelCredentials
}): WriterStates & Disposable {
  const { address, credentials } = options
  const client = new EventStoreClient(address, credentials)

  async function statesOf(request: Partial<ListProductStatesRequest>): Promise<WriterState[]> {
    const whole = { ids: [], afterId: '', upToId: '', ...request }
    const stream = client.listProductStates(whole, new Metadata(), { deadline: Date.now() + TIME_LIMIT_MS })
    const states: WriterState[] = []
    try {
      for await (const { state } of stream as AsyncIterable<ListProductStatesResponse>) {
        if (state) states.push(writerState(state))
      }
    } catch (error) {
      const said = (error as Error).message
      throw new AppError('unavailable', `The writer at ${address} gives no states: ${said}`, { cause: error })
    }
    return states
  }

  return {
    list: ({ after, upTo, limit }) => statesOf({ afterId: after ?? '', upToId: upTo ?? '', limit }),
    async find(ids) {
      const states = ids.length === 0 ? [] : await statesOf({ ids: [...ids] })
      return new Map(states.map((each) => [each.state.id, each]))
    },
    [Symbol.dispose]: () => client.close(),
  }
}

function writerState(message: StateMessage): WriterState {
  const { ageMs, faults } = message
  return { state: productState(message), ageMs, faults }
}

function productState({ id, version, deleted, details, createdAt, updatedAt }: StateMessage): ProductState {
  if (deleted || !details || !createdAt || !updatedAt) return { id, version, deleted: true }
  return { id, version, ...details, createdAt, updatedAt, deleted: false }
}
