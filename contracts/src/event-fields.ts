import { readFileSync } from 'node:fs'
import { fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema, type DescriptorProto } from '@bufbuild/protobuf/wkt'
import { contractDescriptors } from './descriptors.ts'
import type { EventContract, EventMessage } from './event-contract.ts'

/**
 * Every field of the events of one aggregate, with the messages that they contain: `<message>.<field>#<number>:<type>`,
 * sorted. A release that adds a field to an event has all fields of the release before, and one more.
 */
export function eventFields({ types }: Pick<EventContract<EventMessage>, 'types'>): string[] {
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(contractDescriptors))
  const messages = new Map<string, DescriptorProto>()
  const names = new Set(Object.values(types))
  const open: string[] = []
  for (const { package: pkg, messageType } of file) {
    const ofFile = messageType.map((message) => [`${pkg}.${message.name}`, message] as const)
    for (const [name, message] of ofFile) messages.set(name, message)
    // The types of events are messages; the event that contains them is declared beside them.
    if (ofFile.some(([name]) => names.has(name))) open.push(...ofFile.map(([name]) => name))
  }
  const known = new Set(open)
  const fields = new Set(names)
  for (const name of open) {
    for (const { name: field, number, type, typeName } of messages.get(name)?.field ?? []) {
      fields.add(`${name}.${field}#${number}:${typeName === '' ? type : typeName.slice(1)}`)
      const next = typeName.slice(1)
      if (known.has(next) || !messages.has(next)) continue
      known.add(next)
      open.push(next)
    }
  }
  return [...fields].toSorted()
}
