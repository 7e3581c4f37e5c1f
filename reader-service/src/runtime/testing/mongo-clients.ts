import { openMongo } from '@lockstep/core/mongo/client.ts'
import { freshMongo } from '@lockstep/testkit/fresh-names.ts'
import type { Db } from 'mongodb'

/** For tests: a fresh database, and two clients of it, as two replicas that both believe that they own a partition. */
export function mongoClients(mongoUrl: string): { dbs: [Db, Db] } & AsyncDisposable {
  const url = freshMongo(mongoUrl)
  const [one, other] = [openMongo({ url, appName: 'one' }), openMongo({ url, appName: 'other' })]
  return {
    dbs: [one.db, other.db],
    async [Symbol.asyncDispose]() {
      await one.db.dropDatabase()
      await Promise.all([one, other].map((client) => client[Symbol.asyncDispose]()))
    },
  }
}
