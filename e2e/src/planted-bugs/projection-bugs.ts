import type { Bug } from './bug.ts'

const batch = 'core/src/kafka/consumer/handle-batch.ts'
const project = 'reader-service/src/runtime/projection/project-events.ts'
const store = 'reader-service/src/runtime/projection/document-store.ts'

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
        file: 'reader-service/src/runtime/projection/kafka-projection.ts',
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
        file: store,
        find: 'return { _id, version: { $lt: version } }',
        instead: 'return { _id }',
      },
      {
        file: project,
        find: 'newest.filter(({ state }) => state.version > (stored.get(state.id) ?? 0))',
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
        file: store,
        find: 'await collection.bulkWrite(operations, { ordered: false })',
        // Not a bug by itself: the two steps of MongoDB's upsert, which its stand-in executes as one.
        instead: `const replaced = await Promise.all(documents.map((each) => replaceOlder(collection, each)))
          documents = documents.filter((_, index) => !replaced[index])
          await new Promise((resolve) => setTimeout(resolve, 50))
          if (documents.length > 0) await collection.insertMany([...documents], { ordered: false })`,
      },
      {
        file: store,
        find: '(await replaceOlder(collection, document)) ? undefined : document._id',
        instead: 'document._id',
      },
    ],
  },
  {
    name: 'a lost tombstone',
    caughtBy: 'convergence',
    scenario: 'events-repeated',
    changes: [
      {
        file: store,
        find: 'for (const id of superseded) if (id !== undefined) applied.delete(id)',
        instead: `for (const id of superseded) if (id !== undefined) applied.delete(id)
          await collection.deleteMany({ _id: { $in: [...applied] }, deleted: true })`,
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
