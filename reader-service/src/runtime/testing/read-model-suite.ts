import { freshMongo, freshName } from '@lockstep/testkit/fresh-names.ts'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, vi } from 'vitest'
import type { DocumentReadModel, SourceState } from '../read-model.ts'
import { auditGuarantees } from './audit-guarantees.ts'
import { cacheGuarantees } from './cache-guarantees.ts'
import { listGuarantees } from './list-guarantees.ts'
import { readPathGuarantees } from './read-path-guarantees.ts'
import { openReplica, type Replica } from './replica.ts'
import { topListGuarantees } from './top-list-guarantees.ts'
import { storeGuarantees } from './store-guarantees.ts'

export type ReadModelExamples = {
  /** A state that is not deleted. Two versions of an id differ in a public field. */
  state: (id: string, version: number) => SourceState
  /** The state after a deletion, if the aggregate has one. */
  deleted?: (id: string, version: number) => SourceState
  /** By list and sort: a state that the list contains without filters, sorted by `key`, a small whole number. */
  listed: Readonly<
    Record<string, Readonly<Record<string, (id: string, version: number, key: number) => SourceState>>>
  >
  /** By list with a top list, and by what `by` may name: as above. */
  top?: Readonly<
    Record<string, Readonly<Record<string, (id: string, version: number, key: number) => SourceState>>>
  >
}

/** What the tests of the suite share. `other` is a second replica on the same servers. */
export type SuiteSubject = {
  readModel: DocumentReadModel
  examples: ReadModelExamples
  replica: () => Replica
  other: () => Replica
  /** Two replicas of an empty read model, for the test that calls it. */
  emptyReplicas: () => Promise<readonly [Replica, Replica]>
}

/** Tests the guarantees of the runtime for one read model on real servers; for a file `*.int.test.ts`. */
export function readModelSuite(readModel: DocumentReadModel, examples: ReadModelExamples): void {
  describe(`${readModel.name}: the guarantees of the runtime`, () => {
    let replicas: readonly Replica[] = []
    beforeAll(async () => {
      replicas = await openReplicas(readModel)
      // Both have subscribed when a notification reaches both.
      await vi.waitFor(
        async () => {
          await replicas[0]!.project(examples.state(crypto.randomUUID(), 1))
          for (const { notified } of replicas) expect(notified).toHaveBeenCalled()
        },
        { timeout: 60_000 },
      )
    })
    afterAll(() => closeReplicas(replicas))

    const subject: SuiteSubject = {
      readModel,
      examples,
      replica: () => replicas[0]!,
      other: () => replicas[1]!,
      async emptyReplicas() {
        const own = await openReplicas(readModel)
        onTestFinished(() => closeReplicas(own))
        return own
      },
    }
    storeGuarantees(subject)
    cacheGuarantees(subject)
    readPathGuarantees(subject)
    listGuarantees(subject)
    topListGuarantees(subject)
    auditGuarantees(subject)
  })
}

/** Two, with a database of their own. */
async function openReplicas(readModel: DocumentReadModel): Promise<readonly [Replica, Replica]> {
  const place = { mongoUrl: freshMongo(inject('mongoUrl')), redisUrl: inject('redisUrl') }
  const collection = freshName()
  const open = () => openReplica(readModel, { ...place, collection })
  const replicas = [await open(), await open()] as const
  await replicas[0].store.prepare()
  return replicas
}

async function closeReplicas(replicas: readonly Replica[]): Promise<void> {
  await replicas[0]?.db.dropDatabase()
  await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()))
}
