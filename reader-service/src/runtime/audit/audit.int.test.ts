import { randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { noteAt } from '../testing/notes.ts'
import { auditFixture, withEveryMismatch } from './testing/audit-fixture.ts'

const fixtureOf = (options: { pageSize?: number } = {}) =>
  auditFixture({ mongoUrl: inject('mongoUrl'), redisUrl: inject('redisUrl'), ...options })

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
