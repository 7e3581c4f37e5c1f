import {
  status,
  type Metadata,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { AppError, type ErrorCode } from '../errors/app-error.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { grpcError } from './status.ts'

/**
 * grpc-js ends some calls by itself: messages that are too large, cannot be decompressed or are missing, deadlines. So do
 * the health and reflection services. This gives those statuses our errors and trailers.
 */

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0]

const handlerAnswers = 'lockstep.handler-answers'

/**
 * The handler of this call answers also after the deadline: it knows whether a command was applied. A status of grpc-js
 * would hide that from a caller that still waits.
 */
export function answerAfterDeadline(metadata: Metadata): void {
  metadata.setOpaque(handlerAnswers, true)
}

/** It wraps no call: grpc-js sends its own statuses beside any wrapper, through this method of the call. */
export const ownErrors: ServerInterceptor = (_, call) => {
  // Its type has no metadata.
  const { metadata } = call as unknown as { metadata: Metadata }
  const send = call.sendStatus.bind(call)
  call.sendStatus = (ended) => {
    const { code: given } = ended
    if (given === status.OK || given === status.CANCELLED || isOurs(ended)) return send(ended)
    if (given === status.DEADLINE_EXCEEDED && metadata.getOpaque(handlerAnswers) === true) return
    const requestId = requestIdOf(metadata.get('x-request-id')[0]?.toString())
    const { code = status.INTERNAL, details = '', metadata: trailers } = grpcError(errorOf(ended), requestId)
    send({ code, details, metadata: trailers ?? null })
  }
  return call as ServerInterceptingCall
}

function isOurs({ metadata }: Status): boolean {
  return metadata !== undefined && metadata !== null && metadata.get('x-error-code').length > 0
}

const unreadable = 'The request is not a protobuf message of this method'

/**
 * What the statuses of grpc-js 1.14 mean: status, part of its text, our code, our text if it differs. The first that fits
 * counts. call-checks.test.ts fails when the texts change.
 */
const meanings: readonly [status, string, ErrorCode, string?][] = [
  [status.INTERNAL, 'decompress', 'malformed', unreadable],
  [status.INTERNAL, 'deserializing request', 'malformed', unreadable],
  [status.UNIMPLEMENTED, 'encoding', 'unsupported_media_type', 'Compress messages with gzip or deflate'],
  [status.UNIMPLEMENTED, 'request message', 'malformed', 'Send one complete request message'],
  [status.RESOURCE_EXHAUSTED, 'larger', 'too_large'],
  [status.RESOURCE_EXHAUSTED, '', 'overloaded'],
  [status.DEADLINE_EXCEEDED, '', 'deadline_exceeded', 'The deadline passed before the call ended'],
  [status.NOT_FOUND, '', 'not_found'],
]

function errorOf({ code, details }: Status): AppError {
  const found = meanings.find(([given, part]) => given === code && details.includes(part))
  if (found) return new AppError(found[2], found[3] ?? details)
  return new AppError('internal', 'An unexpected error of the gRPC server')
}
