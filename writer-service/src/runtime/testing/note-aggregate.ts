import type { ServiceDefinition } from '@grpc/grpc-js'
import { eventContract } from '@lockstep/contracts/event-contract.ts'
import { z } from 'zod'
import { command, defineAggregate, del, post, put } from '../aggregate.ts'
import { accepted, refused, unchanged, type Decision } from '../decision.ts'
import { text } from '../input.ts'

/** A slice for tests of the runtime that need a table of commands unlike that of products. */

type NoteState = { lines: Record<string, string> }
type NoteCommand =
  | { type: 'write'; line: string; text: string }
  | { type: 'erase'; line: string }
  | { type: 'underline'; line: string }
type NoteEvent = { type: 'written'; line: string; text: string } | { type: 'erased'; line: string }

type NoteMessage = {
  eventId: string
  noteId: string
  version: number
  occurredAt: Date
  createdAt: Date
  lines: Record<string, string>
  change: { $case: 'written' } | { $case: 'erased' }
}

const json = {
  encode: (message: unknown) => ({ finish: () => Buffer.from(JSON.stringify(message)) }),
  decode: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as NoteMessage,
}

const noteEvents = eventContract<NoteMessage>({
  aggregate: 'note',
  message: json,
  idOf: ({ noteId }) => noteId,
  types: { written: 'test.NoteWritten', erased: 'test.NoteErased' },
})

const method = (name: string): ServiceDefinition[string] => ({
  path: `/test.NoteCommands/${name}`,
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as object,
  responseSerialize: (value: unknown) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes: Buffer) => JSON.parse(bytes.toString()) as object,
})

const line = text(1, 10)

export const noteDefinition = {
  type: 'note',
  collection: 'notes',
  decide(state: NoteState | undefined, asked: NoteCommand): Decision<NoteEvent, 'no_line' | 'full'> {
    const { lines } = state ?? { lines: {} }
    if (asked.type === 'write') {
      if (lines[asked.line] === asked.text) return unchanged
      if (Object.keys(lines).length >= 3) return refused('full', 'The note has three lines; erase one')
      return accepted({ type: 'written', line: asked.line, text: asked.text })
    }
    if (lines[asked.line] === undefined) return refused('no_line', `There is no line ${asked.line}`)
    return asked.type === 'erase' ? accepted({ type: 'erased', line: asked.line }) : unchanged
  },
  evolve(state: NoteState | undefined, event: NoteEvent): NoteState {
    const { [event.line]: _, ...others } = state?.lines ?? {}
    return { lines: event.type === 'written' ? { ...others, [event.line]: event.text } : others }
  },
  events: {
    contract: noteEvents,
    toMessage: (
      event: NoteEvent,
      { lines }: NoteState,
      {
        id,
        ...envelope
      }: { eventId: string; id: string; version: number; occurredAt: Date; createdAt: Date },
    ): NoteMessage => ({ ...envelope, noteId: id, lines, change: { $case: event.type } }),
    stateOf: ({ lines }: NoteMessage) => ({ lines }),
  },
  refusals: {
    no_line: { kind: 'not_found', title: 'The line does not exist', advice: 'Read the note.' },
    full: { kind: 'precondition', title: 'The note is full', advice: 'Erase a line.' },
  },
  service: { writeLine: method('WriteLine'), eraseLine: method('EraseLine') },
  commands: {
    write: command({
      input: z.strictObject({ line, text: text(0, 100) }),
      toCommand: (input): NoteCommand => ({ type: 'write', ...input }),
      http: put('/{id}/lines/{line}'),
      grpc: 'WriteLine',
      summary: 'Write a line',
      success: 'Written',
      examples: { short: { text: 'Buy tea' } },
      refusals: ['full'],
    }),
    erase: command({
      input: z.strictObject({ line }),
      toCommand: (input): NoteCommand => ({ type: 'erase', ...input }),
      http: del('/{id}/lines/{line}'),
      grpc: 'EraseLine',
      summary: 'Erase a line',
      success: 'Erased',
      refusals: ['no_line'],
    }),
    underline: command({
      input: z.strictObject({ line }),
      toCommand: (input): NoteCommand => ({ type: 'underline', ...input }),
      http: post('/{id}/lines/{line}/underline'),
      summary: 'Underline a line',
      success: 'Underlined',
      refusals: ['no_line'],
    }),
  },
  view: { columns: { lines: `state -> 'lines'` } },
} as const

export const noteAggregate = defineAggregate(noteDefinition)
