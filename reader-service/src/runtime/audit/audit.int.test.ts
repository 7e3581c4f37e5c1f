import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { deletedNoteAt, noteAt } from '../testing/notes.ts'
import { auditFixture, type AuditFixture } from './testing/audit-fixture.ts'

const fixtureOf = (options: { pageSize?: number } = {}) =>
  auditFixture({ mongoUrl: inject('mongoUrl'), redisUrl: inject('redisUrl'), ...options })

const mismatched = ['missing', 'behind', 'ahead', 'different', 'orphan', 'restored'] as const

/** One note for each kind of mismatch, among others that are right. Returns their ids by name. */
async function withEveryMismatch({ written, stored }: AuditFixture) {
  const ids = Object.fromEntries(
    ['right', 'deleted', ...mismatched].map((name) => [name, randomUUID()]),
  ) as Record<(typeof mismatched)[number] | 'right' | 'deleted', string>
  for (const name of ['right', 'missing', 'behind', 'ahead', 'different'] as const) {
    written(noteAt(ids[name], 3))
  }
  for (const name of ['deleted', 'restored'] as const) written(deletedNoteAt(ids[name], 3))
  await stored(
    noteAt(ids.right, 3),
    deletedNoteAt(ids.deleted, 3),
    noteAt(ids.behind, 2),
    noteAt(ids.ahead, 4),
    noteAt(ids.different, 3, { text: 'another text' }),
    noteAt(ids.orphan, 1),
    noteAt(ids.restored, 3),
  )
  return ids
}

test('an audit finds every kind of mismatch of the read model, and no other', async () => {
  await using fixture = await fixtureOf()
  await withEveryMismatch(fixture)
  const { mismatches, compared } = await fixture.audit()
  expect(compared).toBe(8)
  const common = { store: 'read_model', repaired: false }
  expect(mismatches).toHaveLength(6)
  expect(mismatches).toEqual(
    expect.arrayContaining([
      { ...common, kind: 'missing', expectedVersion: 3, actualVersion: 0, detail: '' },
      { ...common, kind: 'behind', expectedVersion: 3, actualVersion: 2, detail: '' },
      { ...common, kind: 'ahead', expectedVersion: 3, actualVersion: 4, detail: '' },
      { ...common, kind: 'different', expectedVersion: 3, actualVersion: 3, detail: 'letters, text' },
      { ...common, kind: 'orphan', expectedVersion: 0, actualVersion: 1, detail: '' },
      {
        ...common,
        kind: 'different',
        expectedVersion: 3,
        actualVersion: 3,
        detail: 'createdAt, deleted, letters, rank, text',
      },
    ]),
  )
})

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

test('the cache is compared, and its wrong entries are removed', async () => {
  await using fixture = await fixtureOf()
  const { written, stored, cached, entry } = fixture
  const [right, behind, ahead] = [randomUUID(), randomUUID(), randomUUID()]
  const [different, orphan] = [randomUUID(), randomUUID()]
  for (const id of [right, behind, ahead, different]) {
    written(noteAt(id, 2))
    await stored(noteAt(id, 2))
  }
  await stored(noteAt(orphan, 2))
  await cached(noteAt(right, 2))
  await cached(noteAt(behind, 1))
  await cached(noteAt(ahead, 3))
  await cached(noteAt(different, 2, { text: 'another text' }))
  await cached(noteAt(orphan, 2))
  const { mismatches } = await fixture.audit({ repair: true })
  const ofCache = mismatches.filter(({ store }) => store === 'cache')
  expect(ofCache.map(({ kind, detail }) => `${kind} ${detail}`.trim()).toSorted()).toEqual([
    'ahead',
    'behind',
    'different text',
    'orphan',
  ])
  for (const id of [behind, ahead, different, orphan]) expect(await entry(id)).toBeNull()
  expect(await entry(right)).not.toBeNull()
})

test('an old cache entry of an id that the read model has lost is found', async () => {
  await using fixture = await fixtureOf()
  const id = randomUUID()
  fixture.written(noteAt(id, 2))
  await fixture.cached(noteAt(id, 1))
  const { mismatches } = await fixture.audit()
  expect(mismatches.map(({ store, kind }) => `${store} ${kind}`).toSorted()).toEqual([
    'cache behind',
    'read_model missing',
  ])
})

test('a difference that an event on its way removes is no mismatch: it is checked until it is too old', async () => {
  await using fixture = await fixtureOf()
  const { written, stored, onFind } = fixture
  const [created, changed, stuck] = [randomUUID(), randomUUID(), randomUUID()]
  written(noteAt(created, 1), { ageMs: 0 })
  written(noteAt(changed, 2), { ageMs: 0 })
  written(noteAt(stuck, 2), { ageMs: 0 })
  await stored(noteAt(changed, 1), noteAt(stuck, 1))
  onFind(() => stored(noteAt(created, 1), noteAt(changed, 2)))
  const startedAt = performance.now()
  const { mismatches } = await fixture.audit({ ageLimitMs: 3_000 })
  expect(performance.now() - startedAt).toBeGreaterThan(2_900)
  expect(mismatches).toMatchObject([{ kind: 'behind', expectedVersion: 2, actualVersion: 1 }])
})

test('an aggregate that changes constantly is no mismatch if the read model reaches the version that was compared', async () => {
  await using fixture = await fixtureOf()
  const { written, stored, onFind } = fixture
  const id = randomUUID()
  let version = 10
  written(noteAt(id, version), { ageMs: 0 })
  await stored(noteAt(id, version - 1))
  onFind(() => {
    written(noteAt(id, ++version), { ageMs: 0 })
    return stored(noteAt(id, version - 1))
  })
  expect((await fixture.audit({ ageLimitMs: 3_000 })).mismatches).toEqual([])
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

test('while the cache is closed only the read model is compared, and the progress shows it', async () => {
  await using fixture = await fixtureOf()
  const id = randomUUID()
  fixture.written(noteAt(id, 2))
  await fixture.stored(noteAt(id, 2))
  await fixture.cached(noteAt(id, 1))
  fixture.closeCache()
  expect(await fixture.audit()).toMatchObject({ compared: 1, cacheCompared: false, mismatches: [] })
})

test('an audit reports how a state of the writer differs from its last event', async () => {
  await using fixture = await fixtureOf()
  const id = randomUUID()
  fixture.written(noteAt(id, 2), { mismatches: ['text', 'deleted'] })
  await fixture.stored(noteAt(id, 2))
  expect((await fixture.audit()).mismatches).toMatchObject([
    { store: 'writer', kind: 'last_event', expectedVersion: 2, actualVersion: 2, detail: 'text, deleted' },
  ])
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

test('pages of the read model and of the writer that end at different ids miss none and repeat none', async () => {
  await using fixture = await fixtureOf({ pageSize: 7 })
  const ids = Array.from({ length: 60 }, () => randomUUID()).toSorted()
  const states = ids.map((id) => noteAt(id, 1))
  // Runs of ids that only one of them has, longer than a page.
  for (const state of states.slice(0, 40)) fixture.written(state)
  await fixture.stored(...states.slice(20))
  const { mismatches, compared } = await fixture.audit()
  expect(compared).toBe(60)
  const kinds = mismatches.map(({ kind }) => kind)
  expect(kinds.filter((kind) => kind === 'missing')).toHaveLength(20)
  expect(kinds.filter((kind) => kind === 'orphan')).toHaveLength(20)
  expect(mismatches).toHaveLength(40)
})

test('the number of requests of an audit grows in proportion to the number of ids', async () => {
  const requestsFor = async (count: number) => {
    await using fixture = await fixtureOf({ pageSize: 10 })
    const states = Array.from({ length: count }, () => noteAt(randomUUID(), 1))
    for (const state of states) fixture.written(state)
    // The others are missing, so that the repeated checks count as well.
    await fixture.stored(...states.slice(count / 2))
    await fixture.audit()
    return fixture.requests()
  }
  const [few, many] = [await requestsFor(200), await requestsFor(1_000)]
  // Random ids fill the pages differently, so the factor is about 5. It would be 25 if the number grew with the square.
  expect(many).toBeLessThan(few * 7)
})
