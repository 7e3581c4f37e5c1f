import type { Proxy, Toxic } from '@lockstep/local-infra/servers/toxiproxy.ts'
import type { Stack } from '../system/stack.ts'
import { lasting, silent } from './injections.ts'
import type { Scenario } from './scenario.ts'

export const FAULT_MS = 8_000

const pairs: Record<string, { between: string; ways: (stack: Stack) => readonly Proxy[] }> = {
  'writer-postgres': { between: 'the writers and Postgres', ways: ({ proxies }) => [proxies.postgres] },
  'writer-kafka': { between: 'the writers and the broker', ways: ({ proxies }) => [proxies.kafka] },
  'reader-kafka': { between: 'the readers and the broker', ways: ({ proxies }) => [proxies.readersKafka] },
  'reader-mongo': { between: 'the readers and MongoDB', ways: ({ proxies }) => [proxies.mongo] },
  'reader-redis': { between: 'the readers and Redis', ways: ({ proxies }) => [proxies.redis] },
  'caller-writer': { between: 'callers and the writers', ways: ({ callers }) => callers.writers },
  'caller-reader': { between: 'callers and the readers', ways: ({ callers }) => callers.readers },
}

type NetworkFault = { what: string; inject: (way: Proxy, during: () => Promise<unknown>) => Promise<unknown> }

export const networkFaults: Readonly<Record<string, NetworkFault>> = {
  'half-open': {
    what: 'stay open and carry nothing to the server',
    inject: (way, during) => silent(way, 'upstream', during),
  },
  reset: {
    what: 'are reset (RST) after 200 ms',
    inject: toxic({ type: 'reset_peer', attributes: { timeout: 200 } }),
  },
  cut: {
    what: 'are closed in the middle of a response, after 1,500 bytes',
    inject: toxic({ type: 'limit_data', attributes: { bytes: 1_500 } }),
  },
  slow: {
    what: 'delay every response by 2 s',
    inject: toxic({ type: 'latency', attributes: { latency: 2_000 } }),
  },
}

const short = new Set(['writer-kafka-half-open', 'caller-writer-cut', 'reader-mongo-reset'])

export const networkScenarios: readonly Scenario[] = Object.entries(pairs).flatMap(
  ([pair, { between, ways }]) =>
    Object.entries(networkFaults).map(([kind, { what, inject }]): Scenario => {
      const name = `${pair}-${kind}`
      return {
        name,
        fails: `connections between ${between}`,
        when: `they ${what}, for ${FAULT_MS / 1_000} s`,
        recovers: 'new connections; requests in flight are repeated',
        short: short.has(name),
        async inject({ stack, note }) {
          note(`connections between ${between} ${what}`)
          await Promise.all(ways(stack).map((way) => inject(way, lasting(FAULT_MS))))
          note('the network is healed')
        },
      }
    }),
)

function toxic(fault: Toxic): NetworkFault['inject'] {
  return async (way, during) => {
    const end = await way.inject(fault)
    try {
      await during()
    } finally {
      await end()
    }
  }
}
