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

/** Starts one set of servers for a run of the integration tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { dir, [Symbol.asyncDispose]: remove } = await throwAwayDir()
  try {
    const servers = await startServers({ dir, only: ['postgres', 'kafka', 'mongo', 'redis'] })
    project.provide('postgresUrl', servers.postgres.url)
    project.provide('kafkaBrokers', servers.kafka.brokers)
    project.provide('mongoUrl', servers.mongo.url)
    project.provide('redisUrl', servers.redis.url)
  } catch (error) {
    await remove()
    throw error
  }
  // No orderly stop: removing the folder kills the servers, and no test reads their data again.
  return remove
}
