import type { Bug } from './bug.ts'

const batch = 'core/src/kafka/process-batch.ts'
const project = 'reader-service/src/product/app/project-products.ts'
const model = 'reader-service/src/product/outbound/mongo/projection-store.ts'

export const projectionBugs: readonly Bug[] = [
  {
    name: 'offsets committed before the write',
    caughtBy: 'L',
    scenario: 'mongo-killed',
    changes: [
      {
        file: batch,
        find: 'const refusals = messages.length > 0 ? ((await handle(messages, context)) ?? []) : []',
        instead: `const refusals = []
          void handle(messages, context).catch(() => {})`,
      },
    ],
  },
  {
    name: 'a swallowed adapter error',
    caughtBy: 'L',
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
    caughtBy: 'C',
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
    name: 'a lost tombstone',
    caughtBy: 'C',
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
    name: 'error records without the headers of the original',
    caughtBy: 'E',
    scenario: 'poison',
    changes: [
      {
        file: 'core/src/kafka/error-record.ts',
        find: 'headers: { ...headers, ...Object.fromEntries(added) }',
        instead: 'headers: Object.fromEntries(added)',
      },
    ],
  },
  {
    name: 'poison skipped instead of given up',
    caughtBy: 'E',
    scenario: 'poison',
    changes: [
      {
        file: batch,
        find: 'if (failed.length > 0) await giveUp(failed)',
        instead: '',
      },
    ],
  },
]
