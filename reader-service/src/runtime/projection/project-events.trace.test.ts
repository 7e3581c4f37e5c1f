import { collectSpans } from '@lockstep/core/telemetry/testing/collect-spans.ts'
import { expect, test } from 'vitest'
import { noteAt } from '../testing/notes.ts'
import { projectEvents } from './project-events.ts'

test('each traced event has a span in the trace of its command, with the Mongo write below it', async () => {
  const project = projectEvents({
    readModel: 'note',
    store: {
      versions: async () => new Map(),
      apply: async (states) => new Map(states.map(({ id }) => [id, 0])),
    },
    cache: { update: async () => {} },
    onStored: () => {},
    notify: () => {},
    metrics: { projected: () => {}, becameReadable: () => {} },
  })
  const commands = ['4bf92f3577b34da6a3ce929d0e0e4736', 'aaaabbbbccccdddd1111222233334444']
  const spans = await collectSpans(1, () =>
    project(
      [
        ...commands.map((trace, i) => ({
          eventId: `event-${i}`,
          occurredAt: new Date(),
          traceparent: `00-${trace}-00f067aa0ba902b7-01`,
          state: noteAt(`note-${i}`, 1),
        })),
        { eventId: 'untraced', occurredAt: new Date(), state: noteAt('untraced', 1) },
      ],
      1,
    ),
  )

  expect(spans).toHaveLength(4)
  for (const traceId of commands) {
    const applied = spans.find((span) => span.traceId === traceId && span.name === 'project note')
    expect(applied).toMatchObject({ parentSpanId: '00f067aa0ba902b7' })
    const write = { traceId, parentSpanId: applied?.spanId, name: 'mongo note.bulkWrite' }
    expect(spans).toContainEqual(expect.objectContaining(write))
  }
})
