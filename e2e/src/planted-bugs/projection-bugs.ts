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
        file: 'reader-service/src/runtime/projection/consume-events.ts',
        find: 'await project(events.slice(from, from + WRITE_SIZE), attempt)',
        instead: 'await project(events.slice(from, from + WRITE_SIZE), attempt).catch(() => {})',
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
        find: 'filter: { _id, version: replaces }',
        instead: 'filter: { _id }',
      },
      {
        file: project,
        find: 'newest.map(({ state }) => state).filter((state) => state.version > expected(state))',
        instead: 'newest.map(({ state }) => state)',
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
        find: 'const applied = await store.apply(newer, expected)',
        // Not a bug by itself: another replica that has the first of these events writes them at the same time.
        instead: `const firsts = new Map(events.toReversed().map(({ state }) => [state.id, state])).values()
          const [, applied] = await Promise.all([
            store.apply([...firsts].filter((first) => !newer.includes(first)), expected),
            store.apply(newer, expected),
          ])`,
      },
      {
        file: 'reader-service/src/runtime/projection/replace-all.ts',
        find: 'const { upsertedIds } = await collection.bulkWrite(operations as never, { ordered: false })',
        // Not a bug by itself: the two steps of MongoDB's upsert, which its stand-in executes as one.
        instead: `const updates = await Promise.all(
            replacements.map(({ filter, replacement }) => collection.replaceOne(filter, replacement)),
          )
          const absent = [...updates.keys()].filter((index) => updates[index].matchedCount === 0)
          await new Promise((resolve) => setTimeout(resolve, 50))
          const inserts = absent.map((index) => {
            const { filter, replacement } = replacements[index]
            return { insertOne: { document: { ...replacement, _id: filter._id } } }
          })
          if (inserts.length === 0) return { inserted: none, collided: none }
          const failed = await collection.bulkWrite(inserts, { ordered: false }).then(
            () => [],
            (error) => {
              if (!(error instanceof MongoBulkWriteError)) throw error
              return error.result.getWriteErrors()
            },
          )
          const collided = new Set(failed.map(({ index }) => absent[index]))
          return { inserted: new Set(absent.filter((index) => !collided.has(index))), collided }
          const upsertedIds = {}`,
      },
      {
        file: store,
        find: 'writes = collisions.length > 0 ? await repeatable(collection, collisions) : []',
        instead: 'writes = []',
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
        find: 'return applied\n',
        instead: `await collection.deleteMany({ _id: { $in: [...applied.keys()] }, deleted: true })
      return applied\n`,
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
