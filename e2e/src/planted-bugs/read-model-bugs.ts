import type { Bug } from './bug.ts'

const totals = 'reader-service/src/runtime/grouped-totals'
const history = 'reader-service/src/runtime/history'

/** Bugs of the kinds of read model that are not documents. */
export const readModelBugs: readonly Bug[] = [
  {
    name: 'totals kept as a difference that is added to a counter',
    caughtBy: 'totals',
    scenario: 'reader-mongo-reset',
    // Its counters begin at zero.
    ownStack: true,
    changes: [
      {
        file: `${totals}/totals-store.ts`,
        find: "import type { Contribution } from './slots.ts'",
        instead: "import { slotOf, type Contribution } from './slots.ts'",
      },
      {
        file: `${totals}/totals-store.ts`,
        find: 'const applied = await applyContributions(slots, batches.flat())',
        // The contribution first, then the counters: a failure in between loses the difference.
        instead: `const counters = db.collection(name + '.counters')
          const add = (group, count, sum) =>
            counters.updateOne({ _id: group }, { $inc: { count, sum } }, { upsert: true })
          const contributions = batches.flat()
          const numbers = [...new Set(contributions.map(({ id }) => slotOf(id)))]
          const before = Object.assign({}, ...(await slots.read(numbers)).map(({ entries }) => entries))
          const applied = await applyContributions(slots, contributions)
          for (const { id, share } of contributions) {
            if (!applied.has(id)) continue
            const [, group, value] = before[id] ?? []
            if (group !== undefined) await add(group, -1, -value)
            if (share) await add(share.group, 1, share.value)
          }`,
      },
      {
        file: `${totals}/totals-finder.ts`,
        find: 'groups: combine(found.map((slot) => ({ totals: totalsIn(slot) }))),',
        instead: `groups: await db.collection(name + '.counters').find().toArray().then((counters) =>
            combine(found.map((slot) => ({ totals: totalsIn(slot) }))).map((each) => {
              const { count = 0, sum = 0 } = counters.find(({ _id }) => _id === each.group) ?? {}
              return { ...each, count, sum }
            }),
          ),`,
      },
    ],
  },
  {
    name: 'totals that forget deleted aggregates',
    caughtBy: 'totals',
    scenario: 'events-repeated',
    changes: [
      {
        file: `${totals}/mongo-slots.ts`,
        find: 'entries: JSON.stringify(entries),',
        instead: `entries: JSON.stringify(
              Object.fromEntries(Object.entries(entries).filter(([, entry]) => entry.length > 1)),
            ),`,
      },
    ],
  },
  {
    name: 'a history with a gap that its pages skip',
    caughtBy: 'histories',
    scenario: 'mongo-killed',
    changes: [
      {
        file: `${history}/history-store.ts`,
        find: 'const applied = await entries.apply(states)',
        // As for documents, of which only the newest state of a batch is written.
        instead: `const newest = new Map(states.map((state) => [state.aggregateId, state]))
          const applied = await entries.apply([...newest.values()])`,
      },
      {
        file: `${history}/history-queries.ts`,
        find: 'return versions.map((version) => {',
        instead: 'return versions.flatMap((version) => {',
      },
      {
        file: `${history}/history-queries.ts`,
        find: 'if (entry) return entry',
        instead: 'return entry ?? []',
      },
    ],
  },
]
