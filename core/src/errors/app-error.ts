/**
 * The errors of the services themselves. The codes are public: each is the `code` of an HTTP problem, and
 * `docs/errors.md` explains it. The codes of refusals belong to the slices, which give them one of the kinds below.
 */
export const errorCatalogue = {
  malformed: { title: 'The request cannot be read', retryable: false },
  invalid: { title: 'The request breaks a rule', retryable: false },
  not_found: { title: 'Not found', retryable: false },
  method_not_allowed: { title: 'This resource does not take this method', retryable: false },
  request_timeout: { title: 'The request did not arrive in time; nothing was done', retryable: true },
  version_conflict: { title: 'The current version is not the expected version', retryable: false },
  too_large: { title: 'The request is too large', retryable: false },
  unsupported_media_type: { title: 'The media type is not supported', retryable: false },
  expectation_failed: { title: 'The expectation in the Expect header is not supported', retryable: false },
  idempotency_mismatch: { title: 'The idempotency key belongs to another command', retryable: false },
  headers_too_large: { title: 'The request line and the headers are too large', retryable: false },
  internal: { title: 'Something went wrong on our side', retryable: false },
  overloaded: { title: 'Too many requests are in flight; nothing was done', retryable: true },
  unavailable: { title: 'A dependency cannot be reached; nothing was done', retryable: true },
  read_model_behind: { title: 'The read model does not have this version yet', retryable: true },
  outcome_unknown: { title: 'The command may have been applied', retryable: false },
  deadline_exceeded: { title: 'The time limit passed', retryable: false },
} as const satisfies Record<string, { title: string; retryable: boolean }>

export type ErrorCode = keyof typeof errorCatalogue

/** Why a command is refused. Each protocol has one table from these kinds to its statuses. */
export type RefusalKind = 'not_found' | 'conflict' | 'version_conflict' | 'precondition'

export type ErrorKind = ErrorCode | RefusalKind

/** The refusal of a command: its code and title belong to the slice that refuses. */
export type Refusal = { kind: RefusalKind; code: string; title: string }

/** One thing that is wrong with one field of a request. */
export type FieldViolation = { field: string; message: string }

/**
 * The limits of what a response repeats of its request: an error is never larger than what caused it, and the trailers of
 * gRPC have room for it.
 */
const MAX_VIOLATIONS = 20
const MAX_ECHO = 100
const MAX_DETAIL = 500

/** An error that a caller may see. Anything else that is thrown is shown as `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly kind: ErrorKind
  readonly code: string
  readonly title: string
  /** The first ones; `detail` says how many more there are. */
  readonly violations: readonly FieldViolation[]
  /** How many violations are not in the list. */
  readonly omitted: number
  /** The request that got this response first, when a stored result is replayed. */
  readonly requestId: string | undefined

  constructor(
    error: ErrorCode | Refusal,
    detail: string,
    options: {
      violations?: readonly FieldViolation[]
      omitted?: number
      requestId?: string
      cause?: unknown
    } = {},
  ) {
    super(shortened(detail, MAX_DETAIL), { cause: options.cause })
    if (typeof error === 'string') {
      this.kind = error
      this.code = error
      this.title = errorCatalogue[error].title
    } else {
      this.kind = error.kind
      this.code = error.code
      this.title = error.title
    }
    this.violations = options.violations ?? []
    this.omitted = options.omitted ?? 0
    this.requestId = options.requestId
  }

  /** True when the same request may succeed a little later, and repeating it does no harm. */
  get retryable(): boolean {
    return this.kind in errorCatalogue && errorCatalogue[this.kind as ErrorCode].retryable
  }
}

/**
 * One error for all invalid fields of a request.
 *
 * @param omitted how many violations there are beside these
 */
export function invalid(violations: readonly FieldViolation[], omitted = 0): AppError {
  const listed = violations.slice(0, MAX_VIOLATIONS).map(({ field, message }) => ({
    field: shortened(field, MAX_ECHO),
    message: shortened(message, 2 * MAX_ECHO),
  }))
  const more = omitted + violations.length - listed.length
  const fields = [...new Set(listed.map(({ field }) => field))].join(', ')
  const detail = more === 0 ? `Not valid: ${fields}` : `Not valid, with ${more} more: ${fields}`
  return new AppError('invalid', detail, { violations: listed, omitted: more })
}

/** A text of the caller, in quotes and shortened, for the message of an error. */
export function quoted(text: string): string {
  if (text.length <= MAX_ECHO) return JSON.stringify(text)
  return `${JSON.stringify(beginning(text, MAX_ECHO))}… (${text.length} characters)`
}

/** At most that long, so that a text which is shortened again stays the same. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text
  const rest = `… (${text.length} characters)`
  return `${beginning(text, most - rest.length)}${rest}`
}

/** Does not end with half of a surrogate pair. */
function beginning(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
}

/** Runs every check and returns their results; throws one `invalid` with the violations of all of them. */
export function checkAll<T extends readonly unknown[]>(...checks: { [K in keyof T]: () => T[K] }): T {
  const violations: FieldViolation[] = []
  let omitted = 0
  const values = checks.map((check) => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof AppError && error.kind === 'invalid')) throw error
      violations.push(...error.violations)
      omitted += error.omitted
      return undefined
    }
  })
  if (violations.length > 0) throw invalid(violations, omitted)
  return values as unknown as T
}

/** What a caller sees of anything that was thrown. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return new AppError('internal', 'An unexpected error; the request id leads to it in the log', {
    cause: thrown,
  })
}
