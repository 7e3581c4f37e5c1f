import type { Bug } from './bug.ts'

const projectedCache = 'reader-service/src/runtime/cache/projected-cache.ts'
const cacheScripts = 'reader-service/src/runtime/cache/cache-entries.ts'

const twin = (script: string) => `script('${new URL(script, import.meta.url).href}')`

const removeOlder = 'else writes.removeOlder(key, state.version)'
const write = (command: string) =>
  `else writes.${command}(1, key, state.version, items.encode(items.ofState(state)), jittered(ttlMs))`

export const queryBugs: readonly Bug[] = [
  {
    name: 'cache set without compare',
    caughtBy: 'cache coherence',
    scenario: 'events-repeated',
    changes: [
      { file: cacheScripts, find: "script('replace-older.lua')", instead: twin('set-always.lua') },
      { file: projectedCache, find: removeOlder, instead: write('replaceOlder') },
    ],
  },
  {
    name: 'a superseded event that creates a cache entry',
    caughtBy: 'cache coherence',
    scenario: 'events-repeated',
    changes: [
      {
        file: cacheScripts,
        find: 'const scripts = {',
        instead: `const scripts = {\n  setNewer: { lua: ${twin('set-newer.lua')} },`,
      },
      { file: projectedCache, find: removeOlder, instead: write('setNewer') },
    ],
  },
  {
    name: 'cache fill without a lease',
    caughtBy: 'cache coherence',
    scenario: 'fills-racing-updates',
    changes: [
      {
        file: cacheScripts,
        find: "script('fill.lua')",
        instead: twin('fill-always.lua'),
      },
      {
        file: 'reader-service/src/runtime/queries/load-item.ts',
        find: 'const found = await finder.find(id)',
        // A slow fill is not a bug by itself; it makes this one visible.
        instead: `const found = await finder.find(id)
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
        file: 'reader-service/src/runtime/versions/get-item.ts',
        find: 'if (!item || item.version < minVersion) return undefined',
        instead: 'if (!item) return undefined',
      },
    ],
  },
]
