import { createHttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import type { ItemFinder } from '../queries/item-finder.ts'
import type { ReadDocument } from '../queries/top-list.ts'
import type { QueryPorts, VersionFinder } from '../read-model.ts'

/** For tests of queries: the ports on one finder, and a wait that reads once. */
export function portsOn<F extends VersionFinder>(finder: F, behind: Error): QueryPorts<F> {
  return {
    read: (query) => query(finder),
    async wait(_, read) {
      const found = await read()
      if (found === undefined) throw behind
      return found
    },
    getItem: () => () => Promise.reject(new Error('not part of this test')),
    document: () => Promise.reject(new Error('not part of this test')),
  }
}

/** For tests: documents without a cache. */
export function madeEachTime(finder: Pick<ItemFinder, 'list'>): ReadDocument {
  return async (_, make) => ({
    json: await make(finder, new Date(1_700_000_000_000)),
    ageMs: 0,
    document: 'made',
  })
}

/** For tests of routes. */
export function testApp() {
  const log = createLog({ service: 'test', level: 'silent' })
  return createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
}

export type Problem = { status: number; code: string; errors?: { field: string; message: string }[] }
