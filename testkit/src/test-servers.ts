import type { ProvidedContext } from 'vitest'
import type { TestProject } from 'vitest/node'
import { startServers } from './start-servers.ts'
import { throwAwayDir } from './throw-away-dir.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** URLs of the servers that all integration tests share; each test uses its own names on them. */
    postgresUrl: string
    kafkaBrokers: string[]
    mongoUrl: string
    redisUrl: string
  }
}

/**
 * Starts one set of servers for a run of the integration tests, unless LOCKSTEP_TEST_SERVERS (a ProvidedContext as
 * JSON) names servers that already run: the test of the guide runs the tests of a copy of the repository on its own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { LOCKSTEP_TEST_SERVERS: running } = process.env
  if (running !== undefined) {
    provide(project, JSON.parse(running) as ProvidedContext)
    return async () => {}
  }
  const { dir, [Symbol.asyncDispose]: remove } = await throwAwayDir()
  try {
    const servers = await startServers({ dir, only: ['postgres', 'kafka', 'mongo', 'redis'] })
    provide(project, {
      postgresUrl: servers.postgres.url,
      kafkaBrokers: servers.kafka.brokers,
      mongoUrl: servers.mongo.url,
      redisUrl: servers.redis.url,
    })
  } catch (error) {
    await remove()
    throw error
  }
  // No orderly stop: removing the folder kills the servers, and no test reads their data again.
  return remove
}

function provide(project: TestProject, context: ProvidedContext): void {
  project.provide('postgresUrl', context.postgresUrl)
  project.provide('kafkaBrokers', context.kafkaBrokers)
  project.provide('mongoUrl', context.mongoUrl)
  project.provide('redisUrl', context.redisUrl)
}
