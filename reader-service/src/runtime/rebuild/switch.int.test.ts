import { randomUUID } from 'node:crypto'
import { limitConcurrency } from '@lockstep/core/async/limit-concurrency.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { expect, inject, test, vi } from 'vitest'
import type { ItemFinder } from '../queries/item-finder.ts'
import { encodedItem, type LoadItem } from '../queries/load-item.ts'
import { noteAt, noteReadModel } from '../testing/notes.ts'
import { getItem } from '../versions/get-item.ts'
import { servedVersions } from '../versions/served-versions.ts'
import { versionNotifications } from '../versions/version-notifications.ts'
import { waitForVersion } from '../versions/wait-for-version.ts'
import { generationNames } from './generations.ts'
import { readFromActive, runGenerations } from './running-generations.ts'
import { rebuiltFixture, type RebuildFixture } from './testing/rebuild-fixture.ts'

const log = createLog({ service: 'test', level: 'silent' })
const POLL_MS = 5

/** The queries by id of one replica. While it is not `reachable`, it cannot read the registry. */
function replicaOf({ db, registry, ports: { readModel } }: RebuildFixture, trustedForMs = 60_000) {
  const control = { reachable: true, beforeFind: async (_generation: number) => {} }
  const served = servedVersions(100)
  const running = runGenerations({
    readModel,
    registry: {
      async read() {
        if (!control.reachable) throw new Error('MongoDB does not respond')
        return registry.read()
      },
    },
    open(number) {
      const { collection } = generationNames(readModel, number)
      const finder = noteReadModel.openFinder(db, collection, { timeoutMs: 5_000 })
      return { number, finder, [Symbol.asyncDispose]: async () => {} }
    },
    onActive: () => {},
    onCorrected: served.clear,
    log,
    pollMs: POLL_MS,
    trustedForMs,
  })
  const load: LoadItem = (id) =>
    readFromActive(running.active, async ({ number, finder }) => {
      await control.beforeFind(number)
      const found = await finder.find(id)
      return found && encodedItem(noteReadModel.items, found)
    })
  const versions: ItemFinder['versions'] = (ids) =>
    readFromActive(running.active, ({ finder }) => finder.versions(ids))
  const get = getItem({
    noun: 'note',
    load,
    served,
    wait: waitForVersion({
      notifications: versionNotifications({ versions }),
      waits: limitConcurrency({ limit: 10 }),
      maxWaitMs: 500,
      metrics: { waited: () => {} },
    }),
  })
  return {
    control,
    get: (id: string) => get({ id }),
    uses: (generation: number) =>
      vi.waitFor(() => expect(running.active()).toMatchObject({ number: generation })),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

const fixtureOf = () => rebuiltFixture(inject('mongoUrl'), 1)

test('after a switch to a generation that is behind, a replica waits for the version that it has served', async () => {
  await using fixture = await fixtureOf()
  await using replica = replicaOf(fixture)
  const { id } = fixture.states[0]!
  const onlyIn0 = randomUUID()
  await fixture.storeOf(0).apply([noteAt(id, 5), noteAt(onlyIn0, 1)])
  await fixture.operations.switchTo(0)
  await replica.uses(0)
  expect(await replica.get(id)).toMatchObject({ version: 5 })
  expect(await replica.get(onlyIn0)).toMatchObject({ version: 1 })

  await fixture.operations.switchTo(1)
  await replica.uses(1)
  await expect(replica.get(id)).rejects.toMatchObject({ code: 'read_model_behind' })
  await expect(replica.get(onlyIn0)).rejects.toMatchObject({ code: 'read_model_behind' })
  const waiting = replica.get(id)
  await fixture.storeOf(1).apply([noteAt(id, 5)])
  expect(await waiting).toMatchObject({ version: 5 })
})

test('a replica that has not read that its generation is dropped refuses queries and finds nothing missing', async () => {
  await using fixture = await fixtureOf()
  const { id } = fixture.states[0]!
  await fixture.storeOf(0).apply([noteAt(id, 2)])
  await fixture.operations.switchTo(0)
  await using replica = replicaOf(fixture, 300)
  await replica.uses(0)
  replica.control.reachable = false
  await fixture.operations.switchTo(1)
  await fixture.drain(0)
  fixture.ports.readByAllMs = 400
  const results: unknown[] = []
  const dropped = (async () => {
    for (let step = 0; step < 2; step++) await fixture.work()
  })()
  while ((await fixture.phases()).length > 1) results.push(await outcome(replica.get(id)))
  await dropped
  results.push(await outcome(replica.get(id)))
  for (const result of results) expect([2, 'unavailable']).toContain(result)
  expect(results.at(-1)).toBe('unavailable')
  replica.control.reachable = true
  await replica.uses(1)
  expect(await replica.get(id)).toMatchObject({ version: 2 })
})

async function outcome(query: Promise<{ version: number }>): Promise<unknown> {
  return query.then(
    ({ version }) => version,
    (error: { code: string }) => error.code,
  )
}

test('a query whose generation is dropped while it runs is repeated on the active one', async () => {
  await using fixture = await fixtureOf()
  const { id } = fixture.states[0]!
  await fixture.operations.switchTo(0)
  await using replica = replicaOf(fixture)
  await replica.uses(0)
  const read: number[] = []
  replica.control.beforeFind = async (generation) => {
    read.push(generation)
    if (generation !== 0) return
    await fixture.operations.switchTo(1)
    await fixture.drain(0)
    for (let step = 0; step < 2; step++) await fixture.work()
    await replica.uses(1)
  }
  expect(await replica.get(id)).toMatchObject({ version: 2 })
  expect(read).toEqual([0, 1])
})

test('after an audit that repairs, a lower version than the served one is returned', async () => {
  await using fixture = await fixtureOf()
  await using replica = replicaOf(fixture)
  const { id } = fixture.states[0]!
  await replica.uses(1)
  await fixture.collection(1).updateOne({ _id: id }, { $set: { version: 99 } })
  expect(await replica.get(id)).toMatchObject({ version: 99 })
  await fixture.storeOf(1).audited.replace(99, noteAt(id, 2))
  await expect(replica.get(id)).rejects.toMatchObject({ code: 'read_model_behind' })
  await fixture.registry.corrected(1)
  await vi.waitFor(async () => expect(await outcome(replica.get(id))).toBe(2))
})
