import type { Bug } from './bug.ts'

const batch = 'core/src/kafka/consumer/handle-batch.ts'
const project = 'reader-service/src/product/app/project-products.ts'
const model = 'reader-service/src/product/outbound/mongo/projection-store.ts'

export const projectionBugs: readonly Bug[] = [
  {
    name: 'offsets committed before the write',
    caughtBy: 'lost writes',
    scenario: 'mongo-killed',
    changes: [
      {
        file: batch,
        find: 'if (messages.length > 0) await handle(messages, { ...from, attempt: state.failedAttempts + 1 })',
        instead: 'void handle(messages, { ...from, attempt: 1 }).catch(() => {})',
      },
    ],
  },
  {
    name: 'a swallowed adapter error',
    caughtBy: 'lost writes',
    scenario: 'mongo-killed',
    changes: [
      {
        file: 'reader-service/src/product/inbound/kafka/projection.ts',
        find: 'project(messages.map(({ value }) => value))',
        instead: 'project(messages.map(({ value }) => value)).catch(() => {})',
      },
    ],
  },
  {
    name: 'no version gate',
    caughtBy: 'convergence',
    scenario: 'events-repeated',
    changes: [
      {
        file: model,
        find: 'return { _id: state.id, version: { $lt: state.version } }',
        instead: 'return { _id: state.id }',
      },
      {
        file: project,
        find: 'newest.filter(({ state }) => state.version > (held.get(state.id) ?? 0))',
        instead: 'newest',
      },
    ],
  },
  {
    name: 'a duplicate key treated as newer',
    caughtBy: 'convergence',
    scenario: 'mongo-killed',
    changes: [
      {
        file: project,
        find: 'const applied = await store.apply(newer.map(({ state }) => state))',
        // Not a bug by itself: another replica that has the first of these events writes them at the same time.
        instead: `const firsts = new Map(events.toReversed().map(({ state }) => [state.id, state])).values()
          const [, applied] = await Promise.all([
            store.apply([...firsts].filter((first) => !newer.some(({ state }) => state === first))),
            store.apply(newer.map(({ state }) => state)),
          ])`,
      },
      {
        file: model,
        find: 'await products.bulkWrite(operations, { ordered: false })',
        // Not a bug by itself: the two steps of MongoDB's upsert, which its stand-in executes as one.
        instead: `const replaced = await Promise.all(states.map((state) => replaceOlder(products, state)))
          states = states.filter((_, index) => !replaced[index])
          await new Promise((resolve) => setTimeout(resolve, 50))
          if (states.length > 0) await products.insertMany(states.map(toDocument), { ordered: false })`,
      },
      {
        file: model,
        find: '((await replaceOlder(products, state)) ? undefined : state.id)',
        instead: 'state.id',
      },
    ],
  },
  {
    name: 'a lost tombstone',
    caughtBy: 'convergence',
    scenario: 'events-repeated',
    changes: [
      {
        file: model,
        find: 'const applied = new Set(states.map((state) => state.id))',
        instead: `await products.deleteMany({ _id: { $in: states.map((state) => state.id) }, deleted: true })
          const applied = new Set(states.map((state) => state.id))`,
      },
    ],
  },
  {
    name: 'dead letters without the headers of the original',
    caughtBy: 'dead letters',
    scenario: 'poison',
    changes: [
      {
        file: 'core/src/kafka/dead-letters/dead-letter.ts',
        find: 'headers: { ...headers, ...Object.fromEntries(added) }',
        instead: 'headers: Object.fromEntries(added)',
      },
    ],
  },
  {
    name: 'poison skipped instead of dead-lettered',
    caughtBy: 'dead letters',
    scenario: 'poison',
    changes: [
      {
        file: batch,
        find: 'if (rejected.length > 0) await sendDeadLetters(parts, topic, rejected)',
        instead: '',
      },
    ],
  },
]
