import type { EventContract, EventMessage } from '@lockstep/contracts/event-contract.ts'
import { errorCatalogue, type Refusal, type RefusalKind } from '@lockstep/core/errors/app-error.ts'
import type { z } from 'zod'
import { checkAggregate } from './check-aggregate.ts'
import type { Decision, Facts } from './decision.ts'

/**
 * An aggregate is a plain value: its rules (`decide` and `evolve`), its events, its table of commands and the columns
 * of its SQL view. The runtime provides the rest for every aggregate: HTTP routes with their OpenAPI text, gRPC
 * methods, validation, idempotency keys, expected versions, deadlines, the commit, the outbox and its relay, and the
 * operators' API. The runtime also owns the envelope: id, version, times and event id. A slice sees only its own
 * state, which is plain JSON.
 *
 * To add one, write `defineAggregate({ ... })` in a folder of its own and list it in `aggregates.ts`.
 */
export type AggregateDefinition<
  State extends object,
  Command extends { type: string },
  Event extends { type: string },
  Message extends EventMessage,
  Service extends object,
  Code extends string,
> = {
  /** In lower case: `product`. Names the topic `product.events`, spans, and the metric label `aggregate`. */
  type: string
  /** The path `/api/v1/products`, the SQL view and the tag in the OpenAPI document: `products`. */
  collection: string
  /** Decides on the current state; undefined for an id that never existed. Pure, and never throws. */
  decide: (
    state: State | undefined,
    command: Command,
    facts: Facts,
  ) => Decision<Event, NoInfer<Code> | 'not_found'>
  /** The state after the event. Pure. Always returns a complete state, whose values survive JSON. */
  evolve: (state: State | undefined, event: Event) => State
  /** True for the state of a deleted aggregate, a tombstone. Omitted if the aggregate cannot be deleted. */
  isDeleted?: (state: State) => boolean
  events: {
    contract: EventContract<Message>
    /** `state` is the state after the event: a message carries the whole state. */
    toMessage: (event: Event, state: State, envelope: EventEnvelope) => Message
    /**
     * The fields of the state that the message carries. Applied in order of version, they give the state; a field
     * that differs from the stored state is a mismatch in the operators' `ListStates`.
     */
    stateOf: (message: Message) => Partial<State>
  }
  /**
   * The refusals of `decide`, beside `not_found`; the runtime itself refuses with `version_conflict`. No code of
   * `errorCatalogue` can be the code of a refusal here.
   */
  refusals: Record<Code, RefusalDefinition>
  /** The gRPC service that ts-proto generated. Each of its methods needs an entry in `commands`. */
  service: Service
  /** The name of each entry gives the operation id: `create` becomes `createProduct`. */
  commands: Record<
    string,
    CommandDefinition<Command, GrpcBindingOf<NoInfer<Service>>, NoInfer<Code> | 'not_found'>
  >
  view: {
    /** SQL expressions on the jsonb column `state`. The view adds id, version, created_at, updated_at, deleted_at. */
    columns: Record<string, string>
  }
}

/** What the runtime knows about an event. */
export type EventEnvelope = {
  eventId: string
  id: string
  /** 1 for the first event; each event adds one. */
  version: number
  /** Never before the previous event of the same aggregate. */
  occurredAt: Date
  createdAt: Date
  /** Of the command. */
  requestId: string
}

export type RefusalDefinition = {
  kind: RefusalKind
  /** Callers see it; the same for every refusal with this code. */
  title: string
  /** For docs/errors.md: what happened, and what the caller can do. */
  advice: string
}

/** One entry of the table of commands. Make it with `command`. */
export type CommandDefinition<Command, Grpc = GrpcBinding, Code extends string = string> = {
  input: z.ZodObject
  toCommand: (input: never) => Command
  http: HttpBinding
  /** Omitted for a command that only HTTP has. */
  grpc?: Grpc
  /** For the OpenAPI document: what the command does, and what a success means. */
  summary: string
  success: string
  /** Named examples of the request body. */
  examples?: Record<string, unknown>
  /** The codes of `decide` that this command can get, for the OpenAPI document. */
  refusals: readonly Code[]
}

/**
 * @param path below the collection: `/`, `/{id}` or `/{id}/reservations/{reservationId}`. Without `{id}` the command
 *   creates: the id is an optional field of the body, and the runtime generates a missing one. Another parameter than
 *   `{id}` is a field of `input`.
 */
export type HttpBinding = {
  method: 'post' | 'put' | 'patch' | 'delete'
  path: string
  /** 201 adds a Location. */
  status: 200 | 201
}

/**
 * The name of the method, as in the .proto file. `id`, `expected_version` and `idempotency_key` belong to the runtime;
 * the other fields of the request are the input, unless `input` says what is.
 */
export type GrpcBinding = string | { method: string; input: (request: never) => unknown }

/** The bindings that fit a generated service: another name, or another request type, does not compile. */
export type GrpcBindingOf<Service> = {
  [K in keyof Service & string]:
    | Capitalize<K>
    | { method: Capitalize<K>; input: (request: RequestOf<Service[K]>) => unknown }
}[keyof Service & string]

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request }
  ? Request
  : never

/** An entry of the table: `toCommand` receives what `input` (a strict object) returns for a valid request. */
export function command<
  Input extends z.ZodObject,
  Command extends { type: string },
  const Grpc extends GrpcBinding = never,
  const Code extends string = never,
>(definition: {
  input: Input
  toCommand: (input: z.output<Input>) => Command
  http: HttpBinding
  grpc?: Grpc
  summary: string
  success: string
  examples?: Record<string, unknown>
  refusals?: readonly Code[]
}): CommandDefinition<Command, NoInfer<Grpc>, NoInfer<Code>> {
  return { ...definition, refusals: definition.refusals ?? [] }
}

export const post = (path: string, status: 200 | 201 = 200): HttpBinding => ({ method: 'post', path, status })
export const put = (path: string): HttpBinding => ({ method: 'put', path, status: 200 })
export const patch = (path: string): HttpBinding => ({ method: 'patch', path, status: 200 })
export const del = (path: string): HttpBinding => ({ method: 'delete', path, status: 200 })

/** An aggregate as the runtime sees it: it cannot tell one slice's types from another's. */
export type Aggregate = Omit<
  AggregateDefinition<AnyState, AnyCommand, AnyEvent, EventMessage, object, string>,
  'isDeleted' | 'commands' | 'refusals' | 'events'
> & {
  isDeleted: (state: AnyState) => boolean
  events: {
    contract: EventContract<EventMessage & { change: { $case: string } }>
    toMessage: (
      event: AnyEvent,
      state: AnyState,
      envelope: EventEnvelope,
    ) => EventMessage & { change: { $case: string } }
    stateOf: (message: EventMessage) => Partial<AnyState>
  }
  commands: Record<string, CommandDefinition<AnyCommand>>
  /** By code, with those of the runtime. */
  refusals: Record<string, Refusal & { advice: string }>
}
export type AnyState = Readonly<Record<string, unknown>>
export type AnyCommand = Readonly<Record<string, unknown>> & { readonly type: string }
export type AnyEvent = { readonly type: string }

/** Checks the definition where its types cannot, and hides its types from the runtime. */
export function defineAggregate<
  State extends object,
  Command extends { type: string },
  Event extends { type: string },
  Message extends EventMessage,
  Service extends object,
  const Code extends string,
>(definition: AggregateDefinition<State, Command, Event, Message, Service, Code>): Aggregate {
  const { type } = definition
  checkAggregate(definition)
  const refusals: Record<string, RefusalDefinition> = { ...runtimeRefusals(type), ...definition.refusals }
  return {
    isDeleted: () => false,
    ...definition,
    refusals: Object.fromEntries(
      Object.entries(refusals).map(([code, refusal]) => [code, { code, ...refusal }]),
    ),
  } as unknown as Aggregate
}

/** `not_found` is a code of every slice; the runtime itself compares versions. docs/errors.md explains both. */
const runtimeRefusals = (type: string): Record<string, RefusalDefinition> => ({
  not_found: { kind: 'not_found', title: errorCatalogue.not_found.title, advice: '' },
  version_conflict: { kind: 'version_conflict', title: `The ${type} has another version`, advice: '' },
})
