import type { Bug } from './bug.ts'

const projectedCache = 'reader-service/src/product/outbound/redis/projected-cache.ts'
const productCache = 'reader-service/src/product/outbound/redis/product-cache.ts'

const twin = (script: string) => `luaScript(new URL('${new URL(script, import.meta.url).href}'))`

export const queryBugs: readonly Bug[] = [
  {
    name: 'cache set without compare',
    caughtBy: 'cache coherence',
    scenario: 'events-repeated',
    changes: [
      {
        file: projectedCache,
        find: "luaScript(new URL('replace-older.lua', import.meta.url))",
        instead: twin('set-always.lua'),
      },
      {
        file: projectedCache,
        find: '{ script: removeOlder, keys: [key], args: [state.version] }',
        instead:
          '{ script: replaceOlder, keys: [key], args: [state.version, entryBody(state), jittered(ttlMs)] }',
      },
    ],
  },
  {
    name: 'a superseded event that creates a cache entry',
    caughtBy: 'cache coherence',
    scenario: 'events-repeated',
    changes: [
      {
        file: projectedCache,
        find: '{ script: removeOlder, keys: [key], args: [state.version] }',
        instead: `{ script: ${twin('set-newer.lua')}, keys: [key], args: [state.version, entryBody(state), jittered(ttlMs)] }`,
      },
    ],
  },
  {
    name: 'cache fill without a lease',
    caughtBy: 'cache coherence',
    scenario: 'fills-racing-updates',
    changes: [
      {
        file: productCache,
        find: "luaScript(new URL('fill.lua', import.meta.url))",
        instead: twin('fill-always.lua'),
      },
      {
        file: 'reader-service/src/product/app/load-product.ts',
        find: 'const state = await finder.find(id)',
        // A slow fill is not a bug by itself; it makes this one visible.
        instead: `const state = await finder.find(id)
          await new Promise((resolve) => setTimeout(resolve, 500))`,
      },
    ],
  },
  {
    name: 'a result that is not compared with min_version',
    caughtBy: 'monotonic reads',
    scenario: 'redis-flushed',
    changes: [
      {
        file: 'reader-service/src/product/app/get-product.ts',
        find: 'if (!state || state.version < minVersion) return undefined',
        instead: 'if (!state) return undefined',
      },
    ],
  },
]
