import { readFileSync } from 'node:fs'
import { createFileRegistry, fromBinary, toJson, type DescMessage, type JsonValue } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { isLowerCaseUuid } from '@lockstep/core/text/uuid.ts'

/**
 * The event in these bytes as JSON. The message is found by the topic: `stock.events` has `StockEvent` of the package
 * `lockstep.stock.v1`. Undefined for another topic, for bytes that are not that message, and for bytes that parse only by
 * accident.
 */
export function decodeEvent(topic: string, value: Buffer): JsonValue | undefined {
  const aggregate = /^([a-z][a-z0-9-]*)\.events$/.exec(topic)?.[1]
  const message = aggregate === undefined ? undefined : eventMessage(aggregate)
  if (!message) return undefined
  try {
    const event = toJson(message, fromBinary(message, value), { alwaysEmitImplicit: true })
    return isLowerCaseUuid((event as { eventId: string }).eventId) ? event : undefined
  } catch {
    return undefined
  }
}

function eventMessage(aggregate: string): DescMessage | undefined {
  const name = aggregate.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(contractDescriptors)))
  return registry.getMessage(`lockstep.${aggregate.replaceAll('-', '_')}.v1.${name}Event`)
}
