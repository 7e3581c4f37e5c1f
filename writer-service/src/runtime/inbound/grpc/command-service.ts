import { invalid } from '@lockstep/core/errors/app-error.ts'
import type { GrpcCall, grpcServices, GrpcService } from '@lockstep/core/grpc/service.ts'
import type { Aggregate, AnyCommand, CommandDefinition } from '../../aggregate.ts'
import { creates, grpcMethodOf, inputCheck } from '../command-input.ts'
import type { CommandResult, ExecuteCommand } from '../../commands/execute-command.ts'
import { idempotencyKeyOf } from '../../commands/idempotency.ts'

/** The fields of a request that belong to the runtime; every command has some of them. */
type CommandRequest = { id?: string; expectedVersion?: number; idempotencyKey?: string }

type Handler = (request: CommandRequest, call: GrpcCall) => Promise<CommandResult>

/** The gRPC commands of one aggregate. `timeLimitMs` bounds a command whose caller set no deadline, or a later one. */
export function commandService(
  grpcService: ReturnType<typeof grpcServices>,
  aggregate: Aggregate,
  execute: ExecuteCommand,
  options: { timeLimitMs: number },
): GrpcService {
  const handlers = Object.values(aggregate.commands).flatMap((definition) => {
    const method = grpcMethodOf(definition)
    if (method === undefined) return []
    return [[method.charAt(0).toLowerCase() + method.slice(1), handlerOf(definition)] as const]
  })
  return grpcService(aggregate.service, Object.fromEntries(handlers))

  function handlerOf(definition: CommandDefinition<AnyCommand>): Handler {
    const check = inputCheck(definition)
    const inputOf = inputReader(definition)
    return async (request, { requestId, deadline, metadata }) => {
      const { requested, idempotencyKey } = check({
        idempotencyKey: () => keyOf(request, metadata('idempotency-key')),
        target: { id: request.id, expectedVersion: () => expectedVersionOf(request) },
        fields: () => inputOf(request),
      })
      const limit = Math.min(deadline, Date.now() + options.timeLimitMs)
      return execute(aggregate, requested, { requestId, deadline: limit, idempotencyKey })
    }
  }
}

/** The input in a request: what the binding says, or all fields that do not belong to the runtime. */
function inputReader({ grpc, http }: CommandDefinition<AnyCommand>): (request: CommandRequest) => unknown {
  const read = typeof grpc === 'object' ? (grpc.input as (request: CommandRequest) => object) : ownFields
  return creates(http) ? (request) => ({ ...read(request), id: request.id }) : read
}

function ownFields({
  id: _id,
  expectedVersion: _version,
  idempotencyKey: _key,
  ...fields
}: CommandRequest): object {
  return fields
}

/** The key in the metadata, where HTTP has it, is the same as the field: without it, a repeat would take effect twice. */
function keyOf(request: CommandRequest, inMetadata: string | undefined): string | undefined {
  const inField = request.idempotencyKey
  if (inField !== undefined && inMetadata !== undefined && inField !== inMetadata) {
    throw invalid([{ field: 'idempotency_key', message: 'differs from the idempotency-key in the metadata' }])
  }
  return idempotencyKeyOf(
    inField ?? inMetadata,
    inField === undefined ? 'idempotency-key' : 'idempotency_key',
  )
}

function expectedVersionOf({ expectedVersion }: CommandRequest): number | undefined {
  if (expectedVersion === undefined || expectedVersion >= 1) return expectedVersion
  throw invalid([{ field: 'expected_version', message: 'must be a whole number of 1 or more' }])
}
