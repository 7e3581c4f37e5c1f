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
        find: '        attempt,\n      ),\n  })',
        instead: '        attempt,\n      ).catch(() => {}),\n  })',
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
        find: 'replaces === 0 ? { document } : { document, filter: { _id: document._id, version: replaces } }',
        instead: '({ document, filter: { _id: document._id } })',
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
        file: 'reader-service/src/runtime/projection/write-documents.ts',
        find: 'const { upsertedIds } = await collection.bulkWrite(operations, { ordered: false })',
        // Not a bug by itself: the two steps of MongoDB's upsert, which its stand-in executes as one.
        instead: `const replacements = operations.map((operation) => operation.replaceOne ?? {})
          const updates = await Promise.all(
            replacements.map(async ({ filter, replacement }) =>
              filter ? (await collection.replaceOne(filter, replacement)).matchedCount : 0,
            ),
          )
          const absent = [...updates.keys()].filter((index) => updates[index] === 0)
          if (absent.some((index) => replacements[index].filter)) {
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
          const inserts = absent.map((index) => {
            const { filter, replacement } = replacements[index]
            return filter ? { insertOne: { document: replacement } } : operations[index]
          })
          if (inserts.length === 0) return { upserted: new Set(), collided: new Set() }
          const failed = await collection.bulkWrite(inserts, { ordered: false }).then(
            () => [],
            (error) => {
              if (!(error instanceof MongoBulkWriteError)) throw error
              return error.result.getWriteErrors()
            },
          )
          const collided = new Set(failed.map(({ index }) => absent[index]))
          return { upserted: new Set(absent.filter((index) => !collided.has(index))), collided }
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
    name: 'snapshot offsets taken after the scan',
    caughtBy: 'fault behaviour',
    scenario: 'snapshot',
    changes: [
      {
        file: 'reader-service/src/runtime/snapshots/save-snapshot.ts',
        find: 'offsets: await groups.position(active),\n    }',
        // The pause is no bug by itself: the scan of a large read model takes as long.
        instead: `offsets: {},
        }
        const scanned = await Array.fromAsync(documents.scan())
        await new Promise((resolve) => setTimeout(resolve, 3_000))
        header.offsets = await groups.position(active)
        documents.scan = async function* () { yield* scanned }`,
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
