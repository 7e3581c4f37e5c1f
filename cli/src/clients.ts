import { status, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js'
import { BadRequest, Status } from '@lockstep/contracts/gen/google/rpc/error_details.ts'
import { channelCredentials, channelOptions, type ClientTls } from '@lockstep/core/grpc/channel.ts'
import { Problem } from './exit.ts'

export type Addresses = { writer: string; reader: string; tls: ClientTls }

export type ServiceName = 'writer' | 'reader'

/** The largest possible record, plus room for its headers. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024

const RESPONSE_TIMEOUT_MS = 60_000

type ClientClass<C> = new (address: string, credentials: ChannelCredentials, options: object) => C

/** Runs `work` with a client of a service's API. Rethrows a gRPC error with a message for an operator. */
export async function withClient<C extends { close(): void }, T>(
  make: ClientClass<C>,
  name: ServiceName,
  addresses: Addresses,
  work: (client: C) => Promise<T>,
): Promise<T> {
  const address = addresses[name]
  const client = new make(address, credentialsOf(addresses.tls), {
    ...channelOptions(address),
    'grpc.max_receive_message_length': MAX_RESPONSE_BYTES,
  })
  try {
    return await work(client)
  } catch (error) {
    throw isServiceError(error) ? new ServiceFailed(error, explained(error, name, address)) : error
  } finally {
    client.close()
  }
}

function credentialsOf(tls: ClientTls): ChannelCredentials {
  try {
    return channelCredentials(tls)
  } catch (error) {
    throw new Problem(
      `The files of LOCKSTEP_TLS_CA_FILE, LOCKSTEP_TLS_CERT_FILE and LOCKSTEP_TLS_KEY_FILE cannot be used: ${(error as Error).message}`,
    )
  }
}

type Callback<Response> = (error: ServiceError | null, response: Response) => void

/** A unary call as a promise: `ask((...call) => client.getError(request, ...call))`. */
export function ask<Response>(
  call: (options: { deadline: number }, callback: Callback<Response>) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call({ deadline: Date.now() + RESPONSE_TIMEOUT_MS }, (error, response) =>
      error ? reject(error) : resolve(response),
    )
  })
}

/** Appends advice to the message when the service returns NOT_FOUND: what to run to find the right name. */
export async function adviseIfNotFound<T>(advice: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ServiceFailed) || error.code !== status.NOT_FOUND) throw error
    throw new ServiceFailed(error.cause, `${error.message}\n  ${advice}`)
  }
}

class ServiceFailed extends Error {
  override readonly name = 'ServiceFailed'
  override readonly cause: ServiceError
  readonly code: status

  constructor(cause: ServiceError, message: string) {
    super(message)
    this.cause = cause
    this.code = cause.code
  }
}

export function serviceError(error: unknown): { message: string; code: status } | undefined {
  return error instanceof ServiceFailed ? error : undefined
}

function explained(error: ServiceError, service: ServiceName, address: string): string {
  const fromService = error.metadata.get('x-error-code').length > 0
  if (error.code === status.UNIMPLEMENTED) {
    return `The ${service} at ${address} does not serve the operators' API: start it with OPS_API=true`
  }
  if (error.code === status.UNAVAILABLE && !fromService) {
    return `The ${service} at ${address} cannot be reached: start it, or set its address with --${service} (${error.details})`
  }
  const fields = fieldViolations(error).map(({ field, description }) => `\n  ${field} ${description}`)
  return `The ${service} reports: ${error.details} (${status[error.code]})${fields.join('')}`
}

function fieldViolations(error: ServiceError): { field: string; description: string }[] {
  const [details] = error.metadata.get('grpc-status-details-bin')
  if (!Buffer.isBuffer(details)) return []
  return Status.decode(details).details.flatMap(({ value }) => BadRequest.decode(value).fieldViolations)
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error
}
