import { z } from '@hono/zod-openapi'
import { AppError, errorCatalogue, type ErrorCode, type Refusal } from '../errors/app-error.ts'
import { httpStatus, problemBody, problemMediaType } from './problem.ts'

/** How the OpenAPI documents describe problems (RFC 9457). */

/**
 * Describes the error responses of an operation, by status, with an example of each code.
 *
 * @param refusals of the operation's slice, by code
 * @param instance the path in the examples
 */
export type ProblemDocs = (
  codes: readonly string[],
  options?: { refusals?: Readonly<Record<string, Refusal>>; instance?: string },
) => Record<string, object>

/** @param refusalCodes the codes of all slices of the document, which has one schema for all problems */
export function problemDocs(refusalCodes: readonly string[]): ProblemDocs {
  const schema = z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      instance: z.string(),
      code: z.enum([...new Set([...Object.keys(errorCatalogue), ...refusalCodes])]),
      requestId: z.string(),
      errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    })
    .openapi('Problem')

  return (codes, { refusals = {}, instance = '/api/v1' } = {}) => {
    const request = { path: instance, requestId: '7b1f4a4e-3c52-4a1e-9a53-0d9f6f1f7f10' }
    const errors = [...new Set(codes)].map((code) => exampleOf(refusals[code] ?? (code as ErrorCode)))
    const byStatus = Map.groupBy(errors, (error) => httpStatus[error.kind])
    return Object.fromEntries(
      [...byStatus].map(([status, sameStatus]) => [
        status,
        {
          description: sameStatus.map(({ code, title }) => `\`${code}\`: ${title}`).join('; '),
          content: {
            [problemMediaType]: {
              schema,
              examples: Object.fromEntries(
                sameStatus.map((error) => [error.code, { value: problemBody(error, request) }]),
              ),
            },
          },
        },
      ]),
    )
  }
}

/** The problems of an API without refusals. */
export const problemResponses: (codes: readonly ErrorCode[]) => Record<string, object> = problemDocs([])

function exampleOf(error: ErrorCode | Refusal): AppError {
  const violations = error === 'invalid' ? [{ field: 'name', message: 'is required' }] : []
  return new AppError(error, 'What went wrong, and what to do', { violations })
}
