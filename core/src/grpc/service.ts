import { randomUUID } from 'node:crypto'
import {
  status,
  type handleUnaryCall,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Histogram, type Registry } from 'prom-client'
import { AppError, asAppError } from '../errors/app-error.ts'
import { requestContext, type Log } from '../log/log.ts'
import { durationBuckets } from '../telemetry/metrics.ts'
import { withSpan } from '../telemetry/tracing.ts'
import { grpcError } from './status.ts'

/** What a handler may know of the call beside the request. */
export type GrpcCall = {
  requestId: string
  /** When the caller stops waiting, in milliseconds since the epoch; Infinity when it set no deadline. */
  deadline: number
}

type RequestOf<M> = M extends { requestDeserialize: (bytes: Buffer) => infer R } ? R : never
type ResponseOf<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never

export type GrpcHandlers<D> = {
  [K in keyof D]: (request: RequestOf<D[K]>, call: GrpcCall) => Promise<ResponseOf<D[K]>>
}

type Method = ServiceDefinition[string]

export type GrpcService = { definition: ServiceDefinition; implementation: UntypedServiceImplementation }

const undecodable = Symbol('a request that is not the message it should be')

/** Makes gRPC services whose calls all get a request id, a span, metrics and the one table of statuses. */
export function grpcServices(options: { log: Log; metrics: Registry }) {
  const duration = new Histogram({
    name: 'grpc_server_call_duration_seconds',
    help: 'Time from the decoded request to its answer',
    labelNames: ['method', 'code'],
    buckets: durationBuckets,
    registers: [options.metrics],
  })

  return function grpcService<D extends object>(definition: D, handlers: GrpcHandlers<D>): GrpcService {
    const methods = Object.entries(definition) as [keyof D & string, Method][]
    return {
      definition: Object.fromEntries(methods.map(([name, method]) => [name, tolerant(method)])),
      implementation: Object.fromEntries(
        methods.map(([name, method]) => [name, unary(method.path, handlers[name])]),
      ),
    }
  }

  /** Wraps a handler. A caller's identity, once there is one, is checked here, before any handler. */
  function unary<Request, Response>(
    path: string,
    handler: (request: Request, call: GrpcCall) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const end = duration.startTimer({ method: path })
      const requestId = textHeader(call, 'x-request-id') ?? randomUUID()
      const parent = textHeader(call, 'traceparent')
      const answer = requestContext.run({ requestId }, () =>
        withSpan(path, { kind: 'server', parent, attributes: { 'rpc.system': 'grpc' } }, () =>
          handler(readable(call.request), { requestId, deadline: deadlineOf(call) }),
        ),
      )
      answer.then(
        (response) => {
          end({ code: status[status.OK] })
          callback(null, response)
        },
        (thrown: unknown) => {
          const error = asAppError(thrown)
          if (error.code === 'internal') options.log.error({ err: thrown, requestId }, 'unexpected error')
          const shown = grpcError(error, requestId)
          end({ code: status[shown.code ?? status.INTERNAL] })
          callback(shown)
        },
      )
    }
  }
}

/**
 * grpc-js answers INTERNAL when a request cannot be decoded. Bad input is the caller's fault, so decoding
 * never throws here; the handler's wrapper refuses the marker with INVALID_ARGUMENT.
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

function textHeader(call: ServerUnaryCall<unknown, unknown>, name: string): string | undefined {
  const value = call.metadata.get(name)[0]
  return typeof value === 'string' && value.length <= 128 ? value : undefined
}

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline()
  return deadline instanceof Date ? deadline.getTime() : deadline
}
