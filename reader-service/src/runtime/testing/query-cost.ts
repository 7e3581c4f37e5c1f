import { MongoClient, type Db, type Document } from 'mongodb'

export type QueryCost = { returned: number; examined: number }

/** A database, and how many documents the server examines for a query on it, which does not depend on its speed. */
export function measuredMongo(url: string) {
  const client = new MongoClient(url, { monitorCommands: true })
  const db: Db = client.db()

  /** Executes the query and explains each `find` and `count` command that it sends. */
  async function costOf(query: () => Promise<{ readonly length: number } | { readonly size: number }>) {
    const finds: Document[] = []
    const onCommand = ({ command }: { command: Document }) => {
      if ('find' in command) finds.push(command)
      // It reads the same documents.
      if ('count' in command) finds.push({ ...command, find: command['count'], filter: command['query'] })
    }
    client.on('commandStarted', onCommand)
    const found = await query()
    client.off('commandStarted', onCommand)
    let examined = 0
    for (const { find, filter, sort, limit } of finds) {
      const explained = await db.command({
        explain: { find, filter, ...(sort && { sort }), ...(limit && { limit }) },
        verbosity: 'executionStats',
      })
      examined += (explained.executionStats as { totalDocsExamined: number }).totalDocsExamined
    }
    return { returned: 'size' in found ? found.size : found.length, examined } satisfies QueryCost
  }

  return {
    db,
    costOf,
    async [Symbol.asyncDispose]() {
      await db.dropDatabase()
      await client.close()
    },
  }
}
