import { expect, test } from 'vitest'
import { deletedNoteAt, noteAt } from '../testing/notes.ts'
import type { SourceState } from '../read-model.ts'
import type { WriterState } from '../rebuild/writer-states.ts'
import { differenceOf, writerMismatch } from './mismatches.ts'

const entryAt = (version: number, fields: string[] = []) => ({ id: 'a', version, differences: () => fields })
const expectedAt = (state: SourceState): WriterState => ({
  id: state.id,
  version: state.version,
  state,
  ageMs: 0,
  mismatches: [],
})

test('the read model must have the state of the writer, with its version and its fields', () => {
  const expected = expectedAt(noteAt('a', 3))
  expect(differenceOf('read_model', entryAt(3), expected)).toBeUndefined()
  expect(differenceOf('read_model', undefined, expected)?.kind).toBe('missing')
  expect(differenceOf('read_model', entryAt(2), expected)?.kind).toBe('behind')
  expect(differenceOf('read_model', entryAt(4), expected)?.kind).toBe('ahead')
  expect(differenceOf('read_model', entryAt(3, ['text', 'words']), expected)).toEqual({
    kind: 'different',
    detail: 'text, words',
  })
  expect(differenceOf('read_model', entryAt(1), undefined)?.kind).toBe('orphan')
  expect(differenceOf('read_model', undefined, undefined)).toBeUndefined()
})

test('the read model must have the tombstone of a deleted aggregate', () => {
  const expected = expectedAt(deletedNoteAt('a', 2))
  expect(differenceOf('read_model', undefined, expected)?.kind).toBe('missing')
  expect(differenceOf('read_model', entryAt(1), expected)?.kind).toBe('behind')
})

test('the cache may lack an id, and must not differ otherwise', () => {
  const expected = expectedAt(noteAt('a', 3))
  expect(differenceOf('cache', undefined, expected)).toBeUndefined()
  expect(differenceOf('cache', entryAt(2), expected)?.kind).toBe('behind')
  expect(differenceOf('cache', entryAt(3), undefined)?.kind).toBe('orphan')
})

test('an entry whose last event is lost is no orphan; the writer has the mismatch', () => {
  const lost = { ...expectedAt(noteAt('a', 3)), state: undefined }
  for (const entry of [undefined, entryAt(2), entryAt(3, ['text']), entryAt(4)]) {
    expect(differenceOf('read_model', entry, lost)).toBeUndefined()
  }
  expect(writerMismatch(lost)).toMatchObject({ kind: 'last_event', expectedVersion: 3, actualVersion: 0 })
  expect(writerMismatch(expectedAt(noteAt('a', 3)))).toBeUndefined()
})
