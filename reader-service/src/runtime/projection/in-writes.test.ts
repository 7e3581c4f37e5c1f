import { expect, test, vi } from 'vitest'
import type { SourceEvent } from '../read-model.ts'
import { noteAt } from '../testing/notes.ts'
import { inWrites } from './consume-events.ts'

const events = (partition: string, count: number): SourceEvent[] =>
  Array.from({ length: count }, (_, n) => ({
    eventId: `${partition}-${n}`,
    occurredAt: new Date(0),
    state: noteAt(`${partition}-${n}`, 1),
  }))

function writes() {
  const project = vi.fn(async (_events: readonly SourceEvent[], _attempt: number) => {})
  return { project, write: inWrites(project), sizes: () => project.mock.calls.map(([each]) => each.length) }
}

test('the small batches of the partitions of a fetch are one write, at the highest of their attempts', async () => {
  const { project, write } = writes()
  const [one, two] = [events('one', 2), events('two', 3)]
  await Promise.all([write(one, 1), write(two, 4)])
  expect(project.mock.calls).toEqual([[[...one, ...two], 4]])
})

test('a failed write fails all batches in it, and no later one', async () => {
  const { project, write } = writes()
  project.mockRejectedValueOnce(new Error('down'))
  const failed = await Promise.allSettled([write(events('one', 1), 1), write(events('two', 1), 1)])
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await write(events('one', 1), 2)
})

test('a large batch is cut into writes, one after the other, and is not delayed by the others', async () => {
  const { write, sizes } = writes()
  await write(events('one', 2_500), 1)
  expect(sizes()).toEqual([1_000, 1_000, 500])
})
