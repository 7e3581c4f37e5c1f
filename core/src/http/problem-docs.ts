import { z } from '@hono/zod-openapi'
import { errorCatalogue, type ErrorCode } from '../errors/app-error.ts'
import { httpStatus, problemMediaType } from './problem.ts'

/** A problem (RFC 9457) as the OpenAPI documents describe it. */
const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]]),
    requestId: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem')

/** The error answers of an operation, by status, with an example of each code. */
export function problemResponses(codes: readonly ErrorCode[]) {
  const byStatus = Map.groupBy(new Set(codes), (code) => httpStatus[code])
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      status,
      {
        description: sameStatus.map((code) => `\`${code}\`: ${errorCatalogue[code].title}`).join('; '),
        content: {
          [problemMediaType]: {
            schema: problem,
            examples: Object.fromEntries(sameStatus.map((code) => [code, { value: example(code) }])),
          },
        },
      },
    ]),
  )
}

function example(code: ErrorCode) {
  return {
    type: `urn:lockstep:problem:${code}`,
    title: errorCatalogue[code].title,
    status: httpStatus[code],
    detail: 'What went wrong, and what to do',
    instance: '/api/v1/products',
    code,
    requestId: '7b1f4a4e-3c52-4a1e-9a53-0d9f6f1f7f10',
    ...(code === 'invalid' && { errors: [{ field: 'name', message: 'is required' }] }),
  }
}
