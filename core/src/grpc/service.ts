import { randomUUID } from 'node:crypto'
import {
  status,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServiceError,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Histogram, type Registry } from 'prom-client'
import { limitConcurrency, type ConcurrencyLimit } from '../async/limit-concurrency.ts'
import { AppError, asAppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { durationBuckets } from '../telemetry/metrics.ts'
import { withSpan } from '../telemetry/tracing.ts'
import { grpcError } from './status.ts'
import { CallerDisconnected, requestsOf, sendTo, type Send } from './streams.ts'

/** What a handler knows about the call, beside the request. */
export type GrpcCall = {
  requestId: string
  /** When the caller stops waiting, in milliseconds since the epoch; Infinity if it set no deadline. */
  deadline: number
}

type RequestOf<M> = M extends { requestDeserialize: (bytes: Buffer) => infer R } ? R : never
type ResponseOf<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never

type Unary<Request, Response> = (request: Request, call: GrpcCall) => Promise<Response>
type Streaming<Request, Response> = (request: Request, send: Send<Response>, call: GrpcCall) => Promise<void>

/** Receives a stream, at the pace of the handler. */
type Duplex<Request, Response> = Streaming<AsyncIterable<Request>, Response>

export type GrpcHandlers<D> = {
  [K in keyof D]: D[K] extends { requestStream: true; responseStream: true }
    ? Duplex<RequestOf<D[K]>, ResponseOf<D[K]>>
    : D[K] extends { responseStream: true }
      ? Streaming<RequestOf<D[K]>, ResponseOf<D[K]>>
      : Unary<RequestOf<D[K]>, ResponseOf<D[K]>>
}

type Method = ServiceDefinition[string]

export type GrpcService = { definition: ServiceDefinition; implementation: UntypedServiceImplementation }

/** Streams in flight in a process: operators are few, and the summary of an error topic may take 50 MB. */
const MAX_STREAMS = 8

const attributes = { 'rpc.system': 'grpc' }

const undecodable = Symbol('a request that cannot be decoded')

/**
 * Creates gRPC services whose calls all get a request id, a span, metrics and the one table of statuses. A stream ends
 * with `unavailable` when `draining` is aborted: it may be long, and would delay the stop.
 */
export function grpcServices(options: {
  log: Log
  metrics: Registry
  /** For calls with one response; streams are long, and have a limit of their own. */
  admit: ConcurrencyLimit
  draining?: AbortSignal
}) {
  const duration = new Histogram({
    name: 'grpc_server_call_duration_seconds',
    help: 'Time from the decoded request to its response',
    labelNames: ['method', 'code'],
    buckets: durationBuckets,
    registers: [options.metrics],
  })

  const admitStream = limitConcurrency({ limit: MAX_STREAMS })

  return function grpcService<D extends object>(definition: D, handlers: GrpcHandlers<D>): GrpcService {
    const methods = Object.entries(definition) as [keyof D & string, Method][]
    return {
      definition: Object.fromEntries(methods.map(([name, method]) => [name, tolerant(method)])),
      implementation: Object.fromEntries(
        methods.map(([name, method]) => [name, implementationOf(method, handlers[name])]),
      ),
    }
  }

  function implementationOf({ path, requestStream, responseStream }: Method, handler: unknown) {
    if (requestStream) return duplex(path, handler as Duplex<unknown, unknown>)
    if (responseStream) return streaming(path, handler as Streaming<unknown, unknown>)
    return unary(path, handler as Unary<unknown, unknown>)
  }

  function unary<Request, Response>(
    path: string,
    handler: Unary<Request, Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      void serve(path, call, (context) => options.admit(() => handler(readable(call.request), context))).then(
        (response) => callback(null, response),
        (shown: Partial<ServiceError>) => callback(shown),
      )
    }
  }

  function streaming<Request, Response>(
    path: string,
    handler: Streaming<Request, Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      const send = sendTo(call, options.draining)
      void serve(path, call, (context) =>
        admitStream(() => handler(readable(call.request), send, context)),
      ).then(
        () => call.end(),
        (shown: Partial<ServiceError>) => call.emit('error', shown),
      )
    }
  }

  function duplex<Request, Response>(
    path: string,
    handler: Duplex<Request, Response>,
  ): handleBidiStreamingCall<Request, Response> {
    return (call) => {
      const requests = requestsOf(call, options.draining, readable)
      const send = sendTo(call, options.draining)
      void serve(path, call, (context) => admitStream(() => handler(requests, send, context))).then(
        () => call.end(),
        (shown: Partial<ServiceError>) => call.emit('error', shown),
      )
    }
  }

  /**
   * Wraps a handler; rejects with the error that the caller sees. A check of the caller's identity belongs here, before
   * any handler.
   */
  async function serve<Response>(
    path: string,
    call: AnyCall,
    handler: (context: GrpcCall) => Promise<Response>,
  ): Promise<Response> {
    const end = duration.startTimer({ method: path })
    const requestId = textHeader(call, 'x-request-id') ?? randomUUID()
    const parent = textHeader(call, 'traceparent')
    const deadline = deadlineOf(call)
    try {
      if (Date.now() >= deadline)
        throw new AppError('deadline_exceeded', 'The deadline passed before the work began')
      const response = await withSpan(path, { kind: 'server', parent, requestId, attributes }, () =>
        handler({ requestId, deadline }),
      )
      end({ code: status[status.OK] })
      return response
    } catch (thrown) {
      if (thrown instanceof CallerDisconnected) {
        end({ code: status[status.CANCELLED] })
        throw { code: status.CANCELLED, details: thrown.message } satisfies Partial<ServiceError>
      }
      const error = asAppError(thrown)
      if (error.kind === 'internal') options.log.error({ err: thrown, requestId }, 'unexpected error')
      const shown = grpcError(error, requestId)
      end({ code: status[shown.code ?? status.INTERNAL] })
      throw shown
    }
  }
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getDeadline'>

/**
 * grpc-js responds with INTERNAL if a request cannot be decoded. Bad input is an error of the caller, so decoding never
 * throws here; the handler's wrapper rejects the marker with INVALID_ARGUMENT.
 */
function tolerant<M extends Method>(method: M): M {
  return {
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        return method.requestDeserialize(bytes)
      } catch {
        return undecodable as never
      }
    },
  }
}

function readable<Request>(request: Request): Request {
  if (request !== (undecodable as unknown)) return request
  throw new AppError('malformed', 'The request is not a protobuf message of this method')
}

function textHeader(call: AnyCall, name: string): string | undefined {
  const value = call.metadata.get(name)[0]
  return typeof value === 'string' && value.length <= 128 ? value : undefined
}

function deadlineOf(call: AnyCall): number {
  const deadline = call.getDeadline()
  return deadline instanceof Date ? deadline.getTime() : deadline
}
