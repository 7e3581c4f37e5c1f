import { describe, expect, test, vi } from 'vitest'
import { encodedItem } from '../queries/load-item.ts'
import type { SuiteSubject } from './read-model-suite.ts'

const soon = { timeout: 60_000 }

/** Projection and queries: one replica projects, the other only answers queries. */
export function readPathGuarantees({ readModel, examples, replica, other }: SuiteSubject): void {
  const { state } = examples
  const itemAt = (id: string, version: number) => readModel.items.ofState(state(id, version))
  const encodedAt = (id: string, version: number) => encodedItem(readModel.items, itemAt(id, version))
  const versionOf = async (id: string) => (await other().get({ id })).version

  async function cached(id: string): Promise<void> {
    await vi.waitFor(async () => {
      await other().get({ id })
      expect(other().metrics.cacheRead).toHaveBeenLastCalledWith('hit')
    }, soon)
  }

  describe('read path', () => {
    test('a projected state is returned, at first from the store and then from the cache', async () => {
      const id = crypto.randomUUID()
      await replica().project(state(id, 1))
      expect(await other().get({ id })).toEqual(encodedAt(id, 1))
      await cached(id)
      await replica().project(state(id, 2))
      expect(await other().get({ id })).toEqual(encodedAt(id, 2))
      expect(other().metrics.cacheRead).toHaveBeenLastCalledWith('hit')
    })

    test('a query that waits for a version in another replica is notified when it arrives', async () => {
      const id = crypto.randomUUID()
      const waiting = [1, 2, 3].map((minVersion) => other().get({ id, minVersion }))
      for (const version of [1, 2, 3]) await replica().project(state(id, version))
      const versions = (await Promise.all(waiting)).map(({ version }) => version)
      versions.forEach((version, i) => expect(version).toBeGreaterThanOrEqual(i + 1))
    })

    test.runIf(examples.deleted)('a deleted id is not found, also by a query that waits for it', async () => {
      const id = crypto.randomUUID()
      await replica().project(state(id, 1))
      expect(await versionOf(id)).toBe(1)
      const waiting = other().get({ id, minVersion: 2 })
      const [outcome] = await Promise.allSettled([waiting, replica().project(examples.deleted!(id, 2))])
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } })
      await replica().project(state(id, 1))
      await expect(other().get({ id })).rejects.toMatchObject({ code: 'not_found' })
    })

    test('a redelivery repairs an entry that a crash between the two writes left old', async () => {
      const id = crypto.randomUUID()
      await replica().project(state(id, 1))
      await cached(id)
      // The crash: the store is written, the cache is not.
      await replica().store.apply([state(id, 2)])
      expect(await versionOf(id)).toBe(1)
      await replica().project(state(id, 2))
      expect(await versionOf(id)).toBe(2)
    })

    test('under a stream of updates no query returns an older version than an earlier query', async () => {
      const id = crypto.randomUUID()
      await replica().project(state(id, 1))
      const stop = new AbortController()
      const read = async () => {
        let last = 0
        while (!stop.signal.aborted) {
          const { version } = await other().get({ id })
          if (version < last) throw new Error(`version ${version} after ${last}`)
          last = version
        }
      }
      const readers = Promise.all([read(), read(), read()])
      for (let version = 2; version <= 150; version++) {
        await replica().project(state(id, version), state(id, version - 1))
      }
      stop.abort()
      await readers
      expect(await versionOf(id)).toBe(150)
    })

    test('the validation and the wait of queries apply: an unknown id, a malformed id, a version', async () => {
      const { queries } = other()
      const id = crypto.randomUUID()
      await expect(queries.get({ id }, {})).rejects.toMatchObject({ code: 'not_found' })
      await expect(queries.get({ id: 'x', minVersion: 0 }, {})).rejects.toMatchObject({ code: 'invalid' })
      await replica().project(state(id, 1))
      expect(await queries.get({ id: id.toUpperCase(), minVersion: 1 }, {})).toEqual(itemAt(id, 1))
      await expect(queries.get({ id, minVersion: 2 }, { deadline: Date.now() + 100 })).rejects.toMatchObject({
        code: 'read_model_behind',
      })
    })
  })
}
