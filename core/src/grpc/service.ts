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
import { RequestReader } from '@lockstep/contracts/strict-reader.ts'
import { Histogram, type Registry } from 'prom-client'
import { limitConcurrency, type ConcurrencyLimit } from '../async/limit-concurrency.ts'
import { AppError, asAppError } from '../errors/app-error.ts'
import type { Log } from '../log/log.ts'
import { durationBuckets } from '../telemetry/metrics.ts'
import { requestIdOf } from '../telemetry/request-id.ts'
import { withSpan } from '../telemetry/tracing.ts'
import { answerAfterDeadline } from './own-errors.ts'
import { grpcError } from './status.ts'
import { CallerDisconnected, requestsOf, sendTo, type Send } from './streams.ts'

/** What a handler knows about the call, beside the request. */
export type GrpcCall = {
  requestId: string
  /** When the caller stops waiting, in milliseconds since the epoch; Infinity if it set no deadline. */
  deadline: number
  /** The value of a metadata key that is sent at most once. */
  metadata: (key: string) => string | undefined
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

/** In the place of a request that cannot be decoded. */
class Undecodable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

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
      answerAfterDeadline(call.metadata)
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
    const metadata = (key: string) => textOf(call, key)
    const requestId = requestIdOf(metadata('x-request-id'))
    const parent = metadata('traceparent')
    const tracestate = parent === undefined ? undefined : metadata('tracestate')
    const deadline = deadlineOf(call)
    try {
      if (Date.now() >= deadline)
        throw new AppError('deadline_exceeded', 'The deadline passed before the work began')
      const response = await withSpan(
        path,
        { kind: 'server', parent, tracestate, requestId, attributes },
        () => handler({ requestId, deadline, metadata }),
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
 * Requests are decoded strictly, and decoding never throws: grpc-js would respond without the request id. The wrapper of
 * the handler rejects the marker.
 */
function tolerant<M extends Method>(method: M): M {
  return {
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        // The generated function passes its argument to `decode`, which takes a reader too.
        return method.requestDeserialize(new RequestReader(bytes) as unknown as Buffer)
      } catch (error) {
        return new Undecodable((error as Error).message) as never
      }
    },
  }
}

function readable<Request>(request: Request): Request {
  if (!(request instanceof Undecodable)) return request
  throw new AppError('malformed', `The request is not a protobuf message of this method: ${request.reason}`)
}

function textOf(call: AnyCall, key: string): string | undefined {
  const [value] = call.metadata.get(key)
  return typeof value === 'string' ? value : undefined
}

function deadlineOf(call: AnyCall): number {
  const deadline = call.getDeadline()
  return deadline instanceof Date ? deadline.getTime() : deadline
}
