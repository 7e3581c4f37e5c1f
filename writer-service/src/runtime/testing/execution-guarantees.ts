import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AnyCommand } from '../aggregate.ts'
import type { ExecuteCommand } from '../commands/execute-command.ts'
import type { SuiteContext } from './aggregate-suite.ts'
import { callWith, connectWriter, executeOn } from './test-writer.ts'

/** What the execution of commands guarantees, with two writers on one database. */
export function executionGuarantees({ aggregate, examples, url, writer, events }: SuiteContext): void {
  let second: ReturnType<typeof connectWriter>
  let executes: ExecuteCommand[]
  beforeAll(() => {
    second = connectWriter(url())
    executes = [executeOn(writer().pool), executeOn(second.pool)]
  })
  afterAll(() => second[Symbol.asyncDispose]())

  const run = (
    n: number,
    command: AnyCommand,
    { id, key, expectedVersion }: { id?: string; key?: string; expectedVersion?: number | 'any' } = {},
  ) => executes[n % 2]!(aggregate, { id, expectedVersion, command }, callWith(key))
  const create = (n = 0, options: { id?: string; key?: string } = {}) => run(n, examples.create, options)
  const countOf = async (id: string) => (await events(id)).length
  const settled = (result: Promise<{ version: number }>) =>
    result.then(
      ({ version }) => version,
      (error: { code: string }) => error.code,
    )

  describe('the execution of commands', () => {
    it('by 32 callers that change one id at once leaves versions without a gap', async () => {
      const { id } = await create()
      const results = await Promise.all(
        Array.from({ length: 32 }, (_, n) => run(n, examples.change(n), { id })),
      )
      expect(results.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 32 }, (_, n) => n + 2),
      )
    })

    it('refuses another version than the expected one, even if nothing would change', async () => {
      const { id } = await create()
      for (const command of [examples.change(1), examples.unchanged]) {
        const wrong = run(0, command, { id, expectedVersion: 2 })
        await expect(wrong).rejects.toMatchObject({ kind: 'version_conflict', code: 'version_conflict' })
      }
      expect(await run(0, examples.change(1), { id, expectedVersion: 1 })).toEqual({ id, version: 2 })
      expect(await run(0, examples.change(2), { id, expectedVersion: 'any' })).toEqual({ id, version: 3 })
    })

    it('refuses a creation that expects a version, or any version', async () => {
      for (const expectedVersion of [1, 'any'] as const) {
        const id = randomUUID()
        const creation = run(0, examples.create, { id, expectedVersion })
        await expect(creation).rejects.toMatchObject({ code: 'version_conflict' })
        expect(await countOf(id)).toBe(0)
      }
    })

    it('refuses what the slice refuses, with its code', async () => {
      const { command, code } = examples.refused
      await expect(run(0, command, { id: randomUUID() })).rejects.toMatchObject({ code })
    })

    it('in a full outbox is refused and leaves the key free; a stored result is still returned', async () => {
      let full = false
      const execute = executeOn(writer().pool, { outboxIsFull: () => full })
      const [done, free] = [randomUUID(), randomUUID()]
      const request = { id: undefined, expectedVersion: undefined, command: examples.create }
      const send = (key: string) => execute(aggregate, request, callWith(key))
      const first = await send(done)
      full = true
      expect(await send(done)).toEqual(first)
      await expect(send(free)).rejects.toMatchObject({ code: 'overloaded' })
      full = false
      expect(await send(free)).toMatchObject({ version: 1 })
    })
  })

  describe('an idempotency key', () => {
    it('of a creation without an id, repeated in both writers at once, creates one aggregate', async () => {
      for (let round = 0; round < 10; round++) {
        const key = randomUUID()
        const results = await Promise.all(Array.from({ length: 8 }, (_, n) => create(n, { key })))
        expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
        expect(await countOf(results[0]!.id)).toBe(1)
      }
    })

    it('that is repeated, among other changes of the same id, takes effect once', async () => {
      const { id } = await create()
      const keys = Array.from({ length: 10 }, () => randomUUID())
      const send = (n: number) => run(n, examples.change(n % 10), { id, key: keys[n % 10]! })
      const results = await Promise.all(Array.from({ length: 40 }, (_, n) => send(n)))
      for (let n = 0; n < 10; n++) {
        const repeats = results.filter((_, index) => index % 10 === n)
        expect(new Set(repeats.map(({ version }) => version)).size).toBe(1)
      }
      expect(await countOf(id)).toBe(11)
      // Long after, and after other changes.
      expect(await send(3)).toEqual(results[3])
    })

    it('of a command that changed nothing returns that result after a change', async () => {
      const { id } = await create()
      const key = randomUUID()
      expect(await run(0, examples.unchanged, { id, key })).toEqual({ id, version: 1 })
      await run(0, examples.change(1), { id })
      expect(await run(1, examples.unchanged, { id, key })).toEqual({ id, version: 1 })
      expect(await countOf(id)).toBe(2)
    })

    it('of a refused command returns the refusal, under its first request id, when it would be accepted', async () => {
      const [id, key] = [randomUUID(), randomUUID()]
      const { command, code } = examples.refused
      const refused = await run(0, command, { id, key }).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code, requestId: expect.any(String) })
      await create(0, { id })
      const again = await run(1, command, { id, key }).catch((error: unknown) => error)
      expect(again).toEqual(refused)
      expect(again).toMatchObject({ requestId: (refused as { requestId: string }).requestId })
      expect(await countOf(id)).toBe(1)
    })

    it('of another command is a mismatch, and that command does nothing', async () => {
      const { id } = await create()
      const key = randomUUID()
      await run(0, examples.change(1), { id, key })
      const others = [
        run(1, examples.change(2), { id, key }),
        run(1, examples.change(1), { id: randomUUID(), key }),
        run(1, examples.change(1), { id, key, expectedVersion: 1 }),
        create(1, { key }),
      ]
      const mismatch = {
        status: 'rejected',
        reason: expect.objectContaining({ code: 'idempotency_mismatch' }),
      }
      expect(await Promise.allSettled(others)).toEqual(others.map(() => mismatch))
      expect(await countOf(id)).toBe(2)
    })

    it('of its own for each of the first commands that race for one id returns each its result again', async () => {
      for (let round = 0; round < 10; round++) {
        const id = randomUUID()
        const keys = Array.from({ length: 6 }, () => randomUUID())
        const results = () => Promise.all(keys.map((key, n) => settled(create(n, { id, key }))))
        const first = await results()
        expect(first.filter((result) => result === 1)).toHaveLength(1)
        expect(await results()).toEqual(first)
      }
    })

    it('is not claimed by a decision that another command overtook', async () => {
      let overtake: (() => Promise<unknown>) | undefined
      const { store } = writer()
      const slow = executeOn(writer().pool, {
        store: {
          ...store,
          async commit(batch) {
            await overtake?.()
            overtake = undefined
            return store.commit(batch)
          },
        },
      })
      const { id } = await create()
      overtake = () => run(0, examples.change(1), { id })
      const request = { id, expectedVersion: undefined, command: examples.change(2) }
      expect((await slow(aggregate, request, callWith(randomUUID()))).version).toBe(3)

      overtake = () => run(0, examples.change(3), { id })
      const key = randomUUID()
      const expecting = { id, expectedVersion: 3, command: examples.change(4) }
      const conflict = { code: 'version_conflict' }
      await expect(slow(aggregate, expecting, callWith(key))).rejects.toMatchObject(conflict)
      await expect(executes[0]!(aggregate, expecting, callWith(key))).rejects.toMatchObject(conflict)
    })
  })
}
