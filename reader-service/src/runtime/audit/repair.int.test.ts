import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { noteAt } from '../testing/notes.ts'
import { auditFixture, mismatched, withEveryMismatch } from './testing/audit-fixture.ts'

const fixtureOf = () => auditFixture({ mongoUrl: inject('mongoUrl'), redisUrl: inject('redisUrl') })

test('a repair leaves the states of the writer and no cache entry, and the next audit finds nothing', async () => {
  await using fixture = await fixtureOf()
  const ids = await withEveryMismatch(fixture)
  for (const name of ['behind', 'ahead', 'different'] as const) await fixture.cached(noteAt(ids[name], 3))
  const { mismatches } = await fixture.audit({ repair: true })
  expect(mismatches.map(({ repaired }) => repaired)).toEqual(mismatched.map(() => true))
  for (const name of ['missing', 'behind', 'ahead', 'different'] as const) {
    const { id: _id, ...fields } = noteAt(ids[name], 3)
    const letters = [...fields.text]
    expect(await fixture.document(ids[name]), name).toEqual({ _id, ...fields, letters })
    expect(await fixture.entry(ids[name])).toBeNull()
  }
  expect(await fixture.document(ids.orphan)).toBeNull()
  expect(await fixture.document(ids.restored)).toEqual({ _id: ids.restored, version: 3, deleted: true })
  expect((await fixture.audit()).mismatches).toEqual([])
})

test('replicas learn of an audit that repairs when it has ended, and of no other audit', async () => {
  await using fixture = await fixtureOf()
  await withEveryMismatch(fixture)
  await fixture.audit()
  expect(fixture.corrected).toEqual([])
  await fixture.audit({ repair: true })
  expect(fixture.corrected).toEqual([7])
})

test('replicas also learn of an audit that repairs and ends early, if it has repaired anything', async () => {
  await using fixture = await fixtureOf()
  await withEveryMismatch(fixture)
  const end = () => Promise.reject(new Error('the caller left'))
  await expect(fixture.audit({ repair: true }, { onProgress: end })).rejects.toThrow('the caller left')
  expect(fixture.corrected).toEqual([])
  await expect(fixture.audit({ repair: true }, { onMismatch: end })).rejects.toThrow('the caller left')
  expect(fixture.corrected).toEqual([7])
})

test('an entry that has changed since it was compared is not repaired', async () => {
  await using fixture = await fixtureOf()
  const { written, stored, onFind } = fixture
  const id = randomUUID()
  written(noteAt(id, 2))
  await stored(noteAt(id, 2, { text: 'another text' }))
  // Between the last read of the read model and the repair.
  onFind(() => stored(noteAt(id, 3)))
  const { mismatches } = await fixture.audit({ repair: true })
  expect(await fixture.document(id)).toMatchObject({ version: 3 })
  expect(mismatches).toMatchObject([{ kind: 'different', repaired: false }])
})

test.each([
  ['ahead', 2],
  ['orphan', 0],
])('an event that the wrong version superseded before the repair is not lost: %s', async (kind, version) => {
  await using fixture = await fixtureOf()
  const { written, stored, projected, onRepair } = fixture
  const id = randomUUID()
  if (version > 0) written(noteAt(id, version))
  await stored(noteAt(id, 99))
  onRepair(async () => {
    written(noteAt(id, version + 1))
    expect(await projected(noteAt(id, version + 1))).toEqual(new Map())
  })
  const { mismatches } = await fixture.audit({ repair: true })
  expect(mismatches).toMatchObject([{ kind, repaired: true }])
  expect(await fixture.document(id)).toMatchObject({ version: version + 1 })
})

test('an orphan is repaired even if an event creates its id directly afterwards', async () => {
  await using fixture = await fixtureOf()
  const { written, stored, projected, onFind, onRepair } = fixture
  const id = randomUUID()
  await stored(noteAt(id, 99))
  onRepair(async () =>
    onFind(async () => {
      written(noteAt(id, 1))
      await projected(noteAt(id, 1))
    }),
  )
  const { mismatches } = await fixture.audit({ repair: true })
  expect(mismatches).toMatchObject([{ kind: 'orphan', repaired: true }])
  expect(await fixture.document(id)).toMatchObject({ version: 1 })
})

test('a repair keeps an id whose last event is lost, and reports the writer', async () => {
  await using fixture = await fixtureOf()
  const id = randomUUID()
  fixture.written(noteAt(id, 2), { lost: true })
  await fixture.stored(noteAt(id, 2))
  expect((await fixture.audit({ repair: true })).mismatches).toMatchObject([
    { store: 'writer', kind: 'last_event', expectedVersion: 2, actualVersion: 0, repaired: false },
  ])
  expect(await fixture.document(id)).toMatchObject({ version: 2 })
})
