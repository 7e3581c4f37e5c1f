import { z } from '@hono/zod-openapi'
import { AppError, errorCatalogue, type ErrorCode, type Refusal } from '../errors/app-error.ts'
import { httpStatus, problemBody, problemMediaType } from './problem.ts'

/** How the OpenAPI documents describe problems (RFC 9457). */

/** The error responses of an operation, by status, with an example of each code; `instance` is the path in these. */
export type ProblemDocs<Code extends string> = (
  codes: readonly Code[],
  instance?: string,
) => Record<string, object>

/** The problems of one API: the services' own codes, and those of its slices' refusals. */
export function problemDocs<Code extends string>(refusals: Readonly<Record<Code, Refusal>>) {
  const codes = [...new Set([...Object.keys(errorCatalogue), ...Object.keys(refusals)])]
  const schema = z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string(),
      instance: z.string(),
      code: z.enum(codes),
      requestId: z.string(),
      errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    })
    .openapi('Problem')

  const docs: ProblemDocs<ErrorCode | Code> = (some, instance = '/api/v1') => {
    const errors = [...new Set(some)].map(errorOf)
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
                sameStatus.map((error) => [
                  error.code,
                  { value: problemBody(error, { path: instance, requestId: exampleId }) },
                ]),
              ),
            },
          },
        },
      ]),
    )
  }
  return docs

  function errorOf(code: ErrorCode | Code): AppError {
    const refusal = (refusals as Readonly<Record<string, Refusal>>)[code]
    const violations = code === 'invalid' ? [{ field: 'name', message: 'is required' }] : []
    return new AppError(refusal ?? (code as ErrorCode), 'What went wrong, and what to do', { violations })
  }
}

/** The problems of an API whose slices refuse nothing. */
export const problemResponses: ProblemDocs<ErrorCode> = problemDocs({})

const exampleId = '7b1f4a4e-3c52-4a1e-9a53-0d9f6f1f7f10'
