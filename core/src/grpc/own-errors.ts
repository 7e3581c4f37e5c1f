import {
  status,
  type Metadata,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { AppError } from '../errors/app-error.ts'
import { requestIdOf } from './request-id.ts'
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
  const { metadata } = call as unknown as { metadata?: Metadata }
  const send = call.sendStatus.bind(call)
  call.sendStatus = (ended) => {
    if (ended.code === status.OK || ended.metadata?.get('x-error-code').length) return send(ended)
    const late = ended.code === status.DEADLINE_EXCEEDED
    if (late && metadata?.getOpaque(handlerAnswers) === true) return
    const { code, details, metadata: trailers } = grpcError(errorOf(ended), requestIdOf(metadata?.get('x-request-id')[0]))
    send({ code: code ?? status.INTERNAL, details: details ?? '', metadata: trailers ?? null })
  }
  return call as ServerInterceptingCall
}

/** The error that a status of grpc-js 1.14 means. The texts are part of it; own-errors.test.ts fails when they change. */
function errorOf({ code, details }: Status): AppError {
  const text = details ?? ''
  switch (code) {
    case status.INTERNAL:
      if (/decompress|deserializing request/.test(text)) return unreadable()
      break
    case status.UNIMPLEMENTED:
      if (text.includes('encoding')) return new AppError('unsupported_media_type', 'Compress messages with gzip or deflate, or not at all')
      if (text.includes('request message')) return new AppError('malformed', 'Send one complete request message')
      return new AppError('method_not_allowed', text)
    case status.RESOURCE_EXHAUSTED:
      return text.includes('larger') ? new AppError('too_large', text) : new AppError('overloaded', text)
    case status.DEADLINE_EXCEEDED:
      return new AppError('deadline_exceeded', 'The deadline passed before the call ended')
    case status.NOT_FOUND:
      return new AppError('not_found', text)
    default:
  }
  return new AppError('internal', 'An unexpected error of the gRPC server')
}

function unreadable(): AppError {
  return new AppError('malformed', 'The request is not a protobuf message of this method')
}
