/**
 * Everything that a service can answer instead of a result. The codes are public: they stand in the
 * `code` of an HTTP problem, and `docs/errors.md` explains each of them.
 */
export const errorCatalogue = {
  malformed: { title: 'The request cannot be read', retryable: false },
  invalid: { title: 'The request breaks a rule', retryable: false },
  not_found: { title: 'Not found', retryable: false },
  method_not_allowed: { title: 'This resource does not take this method', retryable: false },
  request_timeout: { title: 'The request did not arrive in time; nothing was done', retryable: true },
  already_exists: { title: 'The id is taken', retryable: false },
  version_conflict: { title: 'The product has another version', retryable: false },
  too_large: { title: 'The request is too large', retryable: false },
  unsupported_media_type: { title: 'The media type is not supported', retryable: false },
  idempotency_mismatch: { title: 'The idempotency key belongs to another command', retryable: false },
  internal: { title: 'Something went wrong on our side', retryable: false },
  overloaded: { title: 'Too much work is under way; nothing was done', retryable: true },
  unavailable: { title: 'A dependency cannot be reached; nothing was done', retryable: true },
  read_model_behind: { title: 'The read model does not have this version yet', retryable: true },
  outcome_unknown: { title: 'The command may have been applied', retryable: false },
  deadline_exceeded: { title: 'The time limit passed', retryable: false },
} as const satisfies Record<string, { title: string; retryable: boolean }>

export type ErrorCode = keyof typeof errorCatalogue

/** One thing that is wrong with one field of a request. */
export type FieldViolation = { field: string; message: string }

/** An error that a caller may see. Anything else that is thrown is shown as `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly violations: readonly FieldViolation[]
  /** The request that was answered so first, when this is the same answer again. */
  readonly requestId: string | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    options: { violations?: readonly FieldViolation[]; requestId?: string; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause })
    this.code = code
    this.violations = options.violations ?? []
    this.requestId = options.requestId
  }

  /** True when the same request may well succeed a little later, and repeating it does no harm. */
  get retryable(): boolean {
    return errorCatalogue[this.code].retryable
  }
}

/** Every field at fault at once. */
export function invalid(violations: readonly FieldViolation[]): AppError {
  const fields = [...new Set(violations.map((violation) => violation.field))].join(', ')
  return new AppError('invalid', `Not valid: ${fields}`, { violations })
}

/** Runs every check and gives what they give; throws one `invalid` with the faults of all of them. */
export function checkAll<T extends readonly unknown[]>(...checks: { [K in keyof T]: () => T[K] }): T {
  const faults: FieldViolation[] = []
  const values = checks.map((check) => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'invalid')) throw error
      faults.push(...error.violations)
      return undefined
    }
  })
  if (faults.length > 0) throw invalid(faults)
  return values as unknown as T
}

/** What a caller is shown of anything that was thrown. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return new AppError('internal', 'An unexpected error; the request id leads to it in the log', {
    cause: thrown,
  })
}
