import { z } from '@hono/zod-openapi'
import { AppError, errorCatalogue, type ErrorCode, type Refusal } from '../errors/app-error.ts'
import { httpStatus, problemBody, problemMediaType } from './reply.ts'

/** How the OpenAPI documents describe problems (RFC 9457). */

/**
 * Describes the error responses of an operation, by status, with an example of each code.
 *
 * @param refusals of the operation's slice, by code
 * @param instance the path in the examples
 */
type DescribeProblems = (
  codes: readonly string[],
  options?: { refusals?: Readonly<Record<string, Refusal>>; instance?: string },
) => Record<string, object>

/** @param refusalCodes the codes of all slices of the document, which has one schema for all problems */
export function problemDocs(refusalCodes: readonly string[]): DescribeProblems {
  const schema = z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      instance: z.string().meta({ format: 'uri-reference' }),
      code: z.enum([...new Set([...Object.keys(errorCatalogue), ...refusalCodes])]),
      requestId: z.string(),
      errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    })
    .openapi('Problem')

  return (codes, { refusals = {}, instance = '/api/v1' } = {}) => {
    const examples = [...new Set(codes)].map((code) => exampleOf(refusals[code] ?? ownError(code)))
    const byStatus = Map.groupBy(examples, (error) => httpStatus[error.kind])
    return Object.fromEntries(
      [...byStatus].map(([status, errors]) => [status, responseDoc(errors, schema, instance)]),
    )
  }
}

/** The problems of an API without refusals. */
export const problemResponses: (codes: readonly ErrorCode[]) => Record<string, object> = problemDocs([])

function responseDoc(errors: readonly AppError[], schema: z.ZodType, instance: string): object {
  const request = { target: instance, requestId: '7b1f4a4e-3c52-4a1e-9a53-0d9f6f1f7f10' }
  const examples = errors.map((error) => [error.code, { value: problemBody(error, request) }])
  return {
    description: errors.map(({ code, title }) => `\`${code}\`: ${title}`).join('; '),
    content: { [problemMediaType]: { schema, examples: Object.fromEntries(examples) } },
  }
}

function ownError(code: string): ErrorCode {
  if (!Object.hasOwn(errorCatalogue, code)) throw new Error(`${code} is neither an error code nor a refusal`)
  return code as ErrorCode
}

function exampleOf(error: ErrorCode | Refusal): AppError {
  const violations = error === 'invalid' ? [{ field: 'name', message: 'is required' }] : []
  return new AppError(error, 'What went wrong, and what to do', { violations })
}
