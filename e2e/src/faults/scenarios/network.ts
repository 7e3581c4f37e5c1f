import type { Proxy, Toxic } from '@lockstep/local-infra/servers/toxiproxy.ts'
import type { Stack } from '../../stack.ts'
import { lasting, silent } from '../faults.ts'
import type { Scenario } from '../scenario.ts'

export const SPOILED_FOR_MS = 8_000

const pairs: Record<string, { between: string; ways: (stack: Stack) => readonly Proxy[] }> = {
  'writer-postgres': { between: 'the writers and Postgres', ways: ({ proxies }) => [proxies.postgres] },
  'writer-kafka': { between: 'the writers and the broker', ways: ({ proxies }) => [proxies.kafka] },
  'reader-kafka': { between: 'the readers and the broker', ways: ({ proxies }) => [proxies.readersKafka] },
  'reader-mongo': { between: 'the readers and MongoDB', ways: ({ proxies }) => [proxies.mongo] },
  'reader-redis': { between: 'the readers and Redis', ways: ({ proxies }) => [proxies.redis] },
  'caller-writer': { between: 'callers and the writers', ways: ({ callers }) => callers.writers },
  'caller-reader': { between: 'callers and the readers', ways: ({ callers }) => callers.readers },
}

type Spoiling = { what: string; spoil: (way: Proxy, during: () => Promise<unknown>) => Promise<unknown> }

export const spoilings: Readonly<Record<string, Spoiling>> = {
  'half-open': {
    what: 'stay open and carry nothing to the server',
    spoil: (way, during) => silent(way, 'upstream', during),
  },
  reset: {
    what: 'are reset (RST) after 200 ms',
    spoil: toxic({ type: 'reset_peer', attributes: { timeout: 200 } }),
  },
  cut: {
    what: 'are closed in the middle of an answer, after 1,500 bytes',
    spoil: toxic({ type: 'limit_data', attributes: { bytes: 1_500 } }),
  },
  slow: {
    what: 'delay every answer by 2 s',
    spoil: toxic({ type: 'latency', attributes: { latency: 2_000 } }),
  },
}

const short = new Set(['writer-kafka-half-open', 'caller-writer-cut', 'reader-mongo-reset'])

export const networkScenarios: readonly Scenario[] = Object.entries(pairs).flatMap(
  ([pair, { between, ways }]) =>
    Object.entries(spoilings).map(([kind, { what, spoil }]): Scenario => {
      const name = `${pair}-${kind}`
      return {
        name,
        fails: `connections between ${between}`,
        when: `they ${what}, for ${SPOILED_FOR_MS / 1_000} s`,
        recovers: 'new connections; what was under way is repeated',
        short: short.has(name),
        async inject({ stack, note }) {
          note(`connections between ${between} ${what}`)
          await Promise.all(ways(stack).map((way) => spoil(way, lasting(SPOILED_FOR_MS))))
          note('the network is well')
        },
      }
    }),
)

function toxic(spoiled: Toxic): Spoiling['spoil'] {
  return async (way, during) => {
    const end = await way.inject(spoiled)
    try {
      await during()
    } finally {
      await end()
    }
  }
}
