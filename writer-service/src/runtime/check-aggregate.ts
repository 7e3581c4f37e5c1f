/** Checks of definitions that their types cannot do, at start-up and with a message that names the problem. */

import { errorCatalogue } from '@lockstep/core/errors/app-error.ts'
import { z } from 'zod'
import type { GrpcBinding, HttpBinding } from './aggregate.ts'
import { creates, grpcMethodOf, pathFields } from './inbound/command-input.ts'

type Fail = (problem: string) => void

type CommandToCheck = {
  input: z.ZodObject
  http: HttpBinding
  grpc?: GrpcBinding
  refusals: readonly string[]
}

/** Throws a TypeError if the parts of the definition do not fit together. */
export function checkAggregate(definition: {
  type: string
  events: { contract: { aggregate: string } }
  service: object
  commands: Record<string, CommandToCheck>
  refusals: Record<string, unknown>
}): void {
  const { type, events, service, refusals } = definition
  const fail: Fail = (problem) => {
    throw new TypeError(`aggregate ${type}: ${problem}`)
  }
  if (events.contract.aggregate !== type) fail(`its events are those of ${events.contract.aggregate}`)
  checkMethods(Object.keys(service), Object.values(definition.commands), fail)
  for (const code of Object.keys(refusals)) {
    if (Object.hasOwn(errorCatalogue, code))
      fail(`the refusal ${code} has the name of an error of the runtime`)
  }
  for (const [name, command] of Object.entries(definition.commands)) {
    checkInput(name, command, fail)
    for (const code of command.refusals) {
      if (code !== 'not_found' && !Object.hasOwn(refusals, code))
        fail(`${name} has the refusal ${code}, which is not declared`)
    }
  }
}

/** Throws a TypeError if two aggregates of the list have the same type or collection. */
export function checkAggregates(aggregates: readonly { type: string; collection: string }[]): void {
  for (const [index, { type, collection }] of aggregates.entries()) {
    for (const earlier of aggregates.slice(0, index)) {
      if (earlier.type === type)
        throw new TypeError(
          `two aggregates have the type ${type}: list each aggregate once, with its own type`,
        )
      if (earlier.collection === collection)
        throw new TypeError(
          `the aggregates ${earlier.type} and ${type} have the same collection ${collection}: choose another for one of them`,
        )
    }
  }
}

function checkMethods(service: readonly string[], commands: readonly CommandToCheck[], fail: Fail): void {
  const methods = service.map((name) => name.charAt(0).toUpperCase() + name.slice(1))
  const bound = commands.flatMap((command) => grpcMethodOf(command) ?? [])
  for (const method of methods) {
    const entries = bound.filter((name) => name === method).length
    if (entries !== 1) fail(`the gRPC method ${method} needs one command; it has ${entries}`)
  }
  for (const name of bound) if (!methods.includes(name)) fail(`its service has no gRPC method ${name}`)
}

function checkInput(name: string, { input, http }: CommandToCheck, fail: Fail): void {
  if (!(input.def.catchall instanceof z.ZodNever)) fail(`the input of ${name} must be a z.strictObject`)
  for (const field of ['id', 'expectedVersion', 'idempotencyKey']) {
    if (Object.hasOwn(input.shape, field))
      fail(`the input of ${name} has the field ${field}, which belongs to the runtime`)
  }
  const inPath = pathFields(http)
  if (creates(http) && inPath.length > 0) {
    fail(`${name} has no {id} in its path, so it creates; its path cannot have {${inPath[0]}}`)
  }
  for (const field of inPath) {
    if (!Object.hasOwn(input.shape, field))
      fail(`the path of ${name} has {${field}}, but its input has no such field`)
  }
  for (const field of Object.keys(input.shape)) {
    if (http.method === 'delete' && !inPath.includes(field))
      fail(`${name} is a DELETE, which has no body; its path must have {${field}}`)
  }
}
