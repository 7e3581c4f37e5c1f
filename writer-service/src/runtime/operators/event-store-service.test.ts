import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import { Timestamp } from '@lockstep/contracts/gen/google/protobuf/timestamp.ts'
import {
  EventStoreService,
  ListStatesRequest,
  RepublishEventsRequest,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { serveGrpc, type GrpcServer } from '@lockstep/core/grpc/server.ts'
import { grpcServices } from '@lockstep/core/grpc/service.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { noteAggregate } from '../testing/note-aggregate.ts'
import { eventStoreService } from './event-store-service.ts'

/** The protocol only: a real server and client; no request of these tests reaches the database. */
let server: GrpcServer
let client: Client

beforeAll(async () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  const unused = () => Promise.reject(new Error('an invalid request was executed'))
  const service = eventStoreService(grpcService, {
    aggregates: [noteAggregate],
    republish: unused,
    states: { find: unused, list: unused },
    events: { find: unused, list: unused },
    exportEvents: () => {
      throw new Error('an invalid request was executed')
    },
    importEvents: unused,
  })
  server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls: { certFile: '', keyFile: '', clientCaFile: '' },
    services: [service],
    descriptors: contractDescriptors,
    draining: new AbortController().signal,
  })
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
})
afterAll(async () => {
  client.close()
  await server[Symbol.asyncDispose]()
})

/** The code of the error, and its invalid fields. */
async function refusal(path: string, bytes: Uint8Array): Promise<[string, string[]]> {
  const same = (buffer: Buffer) => buffer
  const stream = client.makeServerStreamRequest(path, same, same, Buffer.from(bytes), new Metadata(), {})
  const error = await new Promise<ServiceError>((resolve) => stream.on('error', resolve).resume())
  const [details] = error.metadata.get('grpc-status-details-bin')
  const violations = Status.decode((details ?? Buffer.alloc(0)) as Buffer).details.flatMap(
    ({ value }) => BadRequest.decode(value).fieldViolations,
  )
  return [String(error.metadata.get('x-error-code')[0]), violations.map(({ field }) => field)]
}

const nothing = {
  aggregate: 'note',
  all: false,
  dryRun: false,
  since: undefined,
  until: undefined,
  after: undefined,
}
const republish = (request: Partial<RepublishEventsRequest>) =>
  RepublishEventsRequest.encode({ ...nothing, ...request }).finish()

test.each<[string, Uint8Array, string[]]>([
  ['nothing selected', republish({}), ['all']],
  [
    'a position beyond 2^53',
    republish({ all: true, after: { id: 'x', version: 2 ** 60 } }),
    ['after.id', 'after.version'],
  ],
  [
    'times that do not exist',
    republish({ since: new Date(8.64e15), until: new Date(-8.64e15) }),
    ['since', 'until'],
  ],
  [
    'everything at once',
    republish({ id: 'x', after: { id: '', version: -1 }, since: new Date(8.64e15) }),
    ['id', 'after.id', 'after.version', 'since'],
  ],
  ...[-1, 1_000_000_000].map((nanos): [string, Uint8Array, string[]] => [
    `${nanos} ns`,
    // Field 3 is `since`.
    Buffer.concat([republish({}), framedField(3, Timestamp.encode({ seconds: 1, nanos }).finish())]),
    ['since'],
  ]),
])('a request to republish with %s is invalid', async (_, bytes, fields) => {
  expect(await refusal(EventStoreService.republishEvents.path, bytes)).toEqual(['invalid', fields])
})

function framedField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes])
}

test('a limit of states that an int32 cannot have is invalid, together with too many ids', async () => {
  const message = { aggregate: 'note', ids: Array<string>(1_001).fill(''), afterId: '', upToId: '' }
  // Field 5 is `limit`: 2^32 + 1.
  const bytes = Buffer.concat([
    ListStatesRequest.encode(message).finish(),
    Buffer.from('288180808010', 'hex'),
  ])
  expect(await refusal(EventStoreService.listStates.path, bytes)).toEqual(['invalid', ['ids', 'limit']])
})

test('a long name of an aggregate is not repeated in full', async () => {
  const bytes = republish({ aggregate: '🫖'.repeat(60_000) })
  expect(await refusal(EventStoreService.republishEvents.path, bytes)).toEqual(['not_found', []])
})
