import { z } from '@hono/zod-openapi'
import { expect, test, vi } from 'vitest'
import type { Source, SourceState } from '../read-model.ts'
import { noteAt, noteReadModel } from '../testing/notes.ts'
import { documentItems } from './document-items.ts'
import { versionedDocument } from './versioned-document.ts'

test.each(['', 'Note', 'note_g1', '1note', 'note:memo'])('%j cannot name a read model', (name) => {
  const { queries } = noteReadModel
  const source = noteReadModel.source as unknown as Source<SourceState, never>
  const document = () => ({})
  expect(() =>
    versionedDocument({ ...queries, name, source, document, indexes: [], fields: {}, lists: {} }),
  ).toThrow('cannot name a read model')
})

test('the document of a state is built once', () => {
  const { queries } = noteReadModel
  const source = noteReadModel.source as unknown as Source<SourceState, never>
  const document = vi.fn(() => ({}))
  const definition = { ...queries, name: 'once', source, document, indexes: [], fields: {}, lists: {} }
  const { items } = versionedDocument(definition)
  const state = noteAt('i', 1)
  for (let i = 0; i < 2; i++) items.ofState(state)
  expect(document).toHaveBeenCalledOnce()
  items.ofState(noteAt('i', 1))
  expect(document).toHaveBeenCalledTimes(2)
})

test('an item has only the public fields of a document, in the order of their schemas', () => {
  const fields = { at: z.iso.datetime({ precision: 3 }).openapi({ example: 'x' }), text: z.string() }
  const items = documentItems(() => ({ secret: 1, text: 'a', at: new Date(7) }), fields)
  const item = items.ofState({ id: 'i', version: 2, deleted: false })
  expect(item).toEqual({ id: 'i', version: 2, text: 'a', at: new Date(7), deleted: false })
  expect(items.encode(item)).toBe('{"id":"i","version":2,"at":"1970-01-01T00:00:00.007Z","text":"a"}')
  expect(items.decode('i', 2, items.encode(item))).toEqual(item)
  expect(
    items.ofDocument({ _id: 'i', version: 2, deleted: false, text: 'a', at: new Date(7) } as never),
  ).toEqual(item)
})

test('a tombstone has no body', () => {
  const { items } = noteReadModel
  const tombstone = { id: 'i', version: 2, deleted: true } as const
  expect(items.encode(items.ofState(tombstone))).toBe('')
  expect(items.decode('i', 2, '')).toEqual(tombstone)
  expect(() => items.decode('i', 2, 'garbage')).toThrow(SyntaxError)
  expect(items.decode('i', 2, items.encode(items.ofState(noteAt('i', 2))))).toMatchObject({
    text: 'version 2',
  })
})
