import type { ServiceError } from '@grpc/grpc-js'
import type { NoResult, Outcome, ReadResult, State } from '../evidence/history.ts'
import type { HttpResponse, ProblemBody } from './http-client.ts'

/** How long callers wait, ms: longer than a writer retries, and longer than a reader waits for a version. */
export const limits = { commandMs: 10_000, queryMs: 5_000 }

export async function httpOutcome(sent: Promise<HttpResponse>): Promise<Outcome> {
  try {
    const { status, json } = await sent
    if (status < 300) return { type: 'acknowledged', ...(json as { id: string; version: number }) }
    return failedCommand(codeOf(status, json))
  } catch (error) {
    const code = connectionError(error)
    return code === 'ECONNREFUSED' ? { type: 'nothing_done', code } : { type: 'unknown', code }
  }
}

export async function grpcOutcome(sent: Promise<{ id: string; version: number }>): Promise<Outcome> {
  try {
    const { id, version } = await sent
    return { type: 'acknowledged', id, version }
  } catch (error) {
    const { metadata, code } = error as ServiceError
    const named = metadata?.get('x-error-code')[0]?.toString()
    // A call without a response gets its status from the client.
    return named === undefined ? { type: 'unknown', code: `status ${code}` } : failedCommand(named)
  }
}

/** After these failures nothing was done, and the command may be sent again. Every other refusal is stored under its key. */
export const temporaryFailures: ReadonlySet<string> = new Set([
  'unavailable',
  'overloaded',
  'deadline_exceeded',
  'request_timeout',
  'ECONNREFUSED',
])

/** After these codes the command may be in the event store. */
const mayBeApplied = new Set(['outcome_unknown', 'internal'])

function failedCommand(code: string): Outcome {
  return { type: mayBeApplied.has(code) || code.startsWith('status') ? 'unknown' : 'nothing_done', code }
}

/** The body is the state as JSON. */
export const httpRead = (sent: Promise<HttpResponse>): Promise<ReadResult> =>
  httpFound(sent, (json) => ({ state: { ...(json as Omit<State, 'deleted'>), deleted: false } as State }))

/** `found` reads the body of a response with status 200. */
export async function httpFound<F>(
  sent: Promise<HttpResponse>,
  found: (json: unknown) => F,
): Promise<({ type: 'found' } & F) | NoResult> {
  try {
    const { status, json } = await sent
    return status === 200 ? { type: 'found', ...found(json) } : failedQuery(codeOf(status, json))
  } catch (error) {
    return { type: 'failed', code: connectionError(error) }
  }
}

export async function grpcRead<R>(
  sent: Promise<R>,
  stateOf: (response: R) => State | undefined,
): Promise<ReadResult> {
  try {
    const state = stateOf(await sent)
    return state ? { type: 'found', state } : { type: 'failed', code: 'a response without a state' }
  } catch (error) {
    const { metadata, code } = error as ServiceError
    return failedQuery(metadata?.get('x-error-code')[0]?.toString() ?? `status ${code}`)
  }
}

function failedQuery(code: string): NoResult {
  return code === 'not_found' ? { type: 'not_found' } : { type: 'failed', code }
}

function codeOf(status: number, json: unknown): string {
  return (json as ProblemBody | undefined)?.code ?? `status ${status}`
}

function connectionError(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { code?: string }
  return code ?? (error as Error).name
}
