import { credentials, type ServiceError } from '@grpc/grpc-js'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import {
  DeadLettersClient,
  type DeadLetterSelection,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { serveGrpc } from '../grpc/server.ts'
import { grpcServices } from '../grpc/service.ts'
import type { DeadLetterStore } from '../kafka/dead-letters/resolve-dead-letters.ts'
import { createLog } from '../log/log.ts'
import { deadLettersService } from './dead-letters-service.ts'

test.each<[string, Partial<DeadLetterSelection>, string[]]>([
  ['an offset beyond 2^53', { position: { topic: 't', partition: 0, offset: 2 ** 60 } }, ['position.offset']],
  [
    'a negative position and a time that does not exist',
    { position: { topic: 't', partition: -1, offset: -1 }, since: new Date(8.64e15) },
    ['position.partition', 'position.offset', 'since'],
  ],
])('a selection with %s is invalid', async (_, selection, fields) => {
  const log = createLog({ service: 'test', level: 'silent' })
  const grpcService = grpcServices({ log, metrics: new Registry(), admit: (work) => work() })
  // An invalid request does not reach Kafka.
  const service = deadLettersService(grpcService, {} as DeadLetterStore)
  await using server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    tls: { certFile: '', keyFile: '', clientCaFile: '' },
    services: [service],
    descriptors: contractDescriptors,
    draining: new AbortController().signal,
  })
  using scope = new DisposableStack()
  const client = scope.adopt(
    new DeadLettersClient(`127.0.0.1:${server.port}`, credentials.createInsecure()),
    (opened) => opened.close(),
  )
  const all = { group: 'g', position: undefined, since: undefined, until: undefined }
  const stream = client.listDeadLetters({ selection: { ...all, ...selection }, resolved: false })
  const error = await new Promise<ServiceError>((resolve) => stream.on('error', resolve).resume())
  const [details] = error.metadata.get('grpc-status-details-bin')
  const [detail] = Status.decode(details as Buffer).details
  expect(BadRequest.decode(detail!.value).fieldViolations.map(({ field }) => field)).toEqual(fields)
})
