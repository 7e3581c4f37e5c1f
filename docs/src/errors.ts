import { status } from '@grpc/grpc-js'
import { AppError, errorCatalogue, type ErrorCode } from '@lockstep/core/errors/app-error.ts'
import { grpcStatus } from '@lockstep/core/grpc/status.ts'
import { httpStatus } from '@lockstep/core/http/reply.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { code, table } from './markdown.ts'

const ownRefusals = aggregates
  .flatMap(({ type, refusals }) =>
    Object.values(refusals)
      .filter((refusal) => !(refusal.code in errorCatalogue))
      .map((refusal) => ({ type, ...refusal })),
  )
  .toSorted((a, b) => a.code.localeCompare(b.code) || a.type.localeCompare(b.type))

/** The generated parts of docs/errors.md. */
export function errorTables(): Record<'codes' | 'refusals' | 'advice', string> {
  const codes = Object.keys(errorCatalogue) as ErrorCode[]
  const rows = codes.map((name) => {
    const error = new AppError(name, '')
    return [...statuses(error), error.retryable ? 'yes' : 'no', error.title]
  })
  return {
    codes: table(['Code', 'HTTP', 'gRPC', 'Repeat?', 'Title'], rows),
    refusals: table(
      ['Code', 'HTTP', 'gRPC', 'Aggregate', 'Title'],
      ownRefusals.map((refusal) => [...statuses(new AppError(refusal, '')), refusal.type, refusal.title]),
    ),
    // Two aggregates may use the same code: the advice is about one of them.
    advice: ownRefusals.map(({ type, ...own }) => `- ${code(own.code)} (${type}): ${own.advice}`).join('\n'),
  }
}

function statuses(error: AppError): string[] {
  return [code(error.code), String(httpStatus[error.kind]), status[grpcStatus[error.kind]]]
}
