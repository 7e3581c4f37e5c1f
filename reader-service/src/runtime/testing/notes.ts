import { z } from '@hono/zod-openapi'
import { eventContract, type EventMessage } from '@lockstep/contracts/event-contract.ts'
import { ProductQueriesService } from '@lockstep/contracts/gen/lockstep/product/v1/product_queries.ts'
import { versionedDocument } from '../projection/versioned-document.ts'
import type { Tombstone } from '../queries/definition.ts'
import { encodedItem } from '../queries/load-item.ts'
import { startsWith } from '../queries/starts-with.ts'
import type { Source } from '../read-model.ts'

/** A small read model for the tests of the runtime: a text with a rank. */
export type Note = {
  readonly id: string
  readonly version: number
  readonly deleted: false
  readonly text: string
  readonly rank: number
  readonly createdAt: Date
}

type NoteEvent = EventMessage & { note: Note; change?: { $case: 'written' } | undefined }

const source: Source<Note | Tombstone, NoteEvent> = {
  contract: eventContract<NoteEvent>({
    aggregate: 'note',
    message: {
      encode: (message) => ({ finish: () => Buffer.from(JSON.stringify(message)) }),
      decode: (bytes) => JSON.parse(Buffer.from(bytes).toString()) as NoteEvent,
    },
    idOf: ({ note }) => note.id,
    types: { written: 'test.NoteWritten' },
  }),
  stateOf: ({ note }) => note,
}

export const noteReadModel = versionedDocument({
  name: 'note',
  source,
  document: ({ text, rank, createdAt }: Note) => ({ text, rank, createdAt, letters: [...text] }),
  indexes: [{ name: 'text', key: { text: 1 }, purpose: 'the tests of indexes' }],
  schema: 'Note',
  fields: { text: z.string(), rank: z.int(), createdAt: z.iso.datetime() },
  tag: 'Notes',
  get: { path: '/notes/{id}', operationId: 'getNote', summary: 'Get a note', noun: 'note' },
  lists: {
    newestNotes: {
      path: '/notes',
      summary: 'The newest notes',
      description: 'Newest first',
      filters: {
        text: {
          kind: 'text',
          schema: z.string(),
          problems: (text) => (text.length > 20 ? ['must have at most 20 characters'] : []),
          // A text that starts with a question mark matches nothing.
          conditions: (text) => (text.startsWith('?') ? undefined : [{ text: startsWith(text) }]),
        },
      },
      sorts: { createdAt: { by: 'createdAt', index: 'descending' }, text: { by: 'text' } },
      defaultSort: '-createdAt',
      count: { path: '/notes/count', operationId: 'countNotes', summary: 'Count notes' },
      top: {
        path: '/notes/top',
        operationId: 'listTopNotes',
        summary: 'The notes with the highest rank',
        filters: ['text'],
        by: { rank: { by: 'rank' }, createdAt: { by: 'createdAt', index: 'descending' } },
        defaultBy: 'rank',
      },
    },
    lowestNotes: {
      path: '/lowest-notes',
      summary: 'The notes with the lowest rank',
      description: 'By rank',
      filters: {
        maxRank: {
          kind: 'number',
          min: 0,
          max: 100,
          description: 'The highest rank',
          example: 5,
          conditions: (maxRank) => [{ rank: { $lte: maxRank } }],
        },
      },
      sorts: { rank: { by: 'rank' }, text: { by: 'text', notWith: ['maxRank'] } },
      defaultSort: 'rank',
    },
  },
  // Notes have no contract of their own.
  grpc: (service) =>
    service(ProductQueriesService, {
      getProduct: unused,
      searchProducts: unused,
      countProducts: unused,
      listTopProducts: unused,
    }),
})

const unused = () => Promise.reject(new Error('notes have no gRPC methods'))

export function noteAt(
  id: string,
  version: number,
  changed: Partial<Omit<Note, 'id' | 'version'>> = {},
): Note {
  const createdAt = new Date('2026-03-14T09:26:53.589Z')
  return { id, version, deleted: false, text: `version ${version}`, rank: 1, createdAt, ...changed }
}

/** As the cache has it. */
export const encodedNote = (note: Note | Tombstone) => encodedItem(noteReadModel.items, note)

export function deletedNoteAt(id: string, version: number): Tombstone {
  return { id, version, deleted: true }
}
