import { status } from '@grpc/grpc-js'
import { errorCatalogue, type ErrorCode } from '@lockstep/core/errors/app-error.ts'
import { grpcStatus } from '@lockstep/core/grpc/status.ts'
import { httpStatus } from '@lockstep/core/http/problem.ts'
import { code, table } from './markdown.ts'

/** The table of docs/errors.md. */
export function errorTable(): string {
  const codes = Object.keys(errorCatalogue) as ErrorCode[]
  const rows = codes.map((name) => {
    const { title, retryable } = errorCatalogue[name]
    return [code(name), String(httpStatus[name]), status[grpcStatus[name]], retryable ? 'yes' : 'no', title]
  })
  return table(['Code', 'HTTP', 'gRPC', 'Repeat?', 'Title'], rows)
}
