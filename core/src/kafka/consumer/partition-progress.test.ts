import { expect, test } from 'vitest'
import { partitionProgress } from './partition-progress.ts'

const progress = () => partitionProgress().of({ topic: 't', partition: 0 })

test('a batch that was fetched before the failure of the one before it restarts there', () => {
  const partition = progress()
  expect(partition.restartBefore(10n)).toBeUndefined()
  partition.mustRestartAt(15n)
  expect(partition.restartBefore(20n)).toBe(15n)
  expect(partition.restartBefore(15n)).toBeUndefined()
  expect(partition.restartBefore(20n)).toBeUndefined()
})

test('a batch may also start before the failed record: the group has another assignment', () => {
  const partition = progress()
  partition.mustRestartAt(15n)
  expect(partition.restartBefore(3n)).toBeUndefined()
  expect(partition.restartBefore(20n)).toBeUndefined()
})

test('if the failed records no longer exist, the first batch that does is handled the second time', () => {
  const partition = progress()
  partition.mustRestartAt(15n)
  expect(partition.restartBefore(30n)).toBe(15n)
  expect(partition.restartBefore(40n)).toBe(15n)
  expect(partition.restartBefore(40n)).toBeUndefined()
})

test('each partition has its own progress, and all are idle when no batch is in flight', async () => {
  const all = partitionProgress()
  const [one, other] = [0, 1].map((partition) => all.of({ topic: 't', partition }))
  expect(all.of({ topic: 't', partition: 0 })).toBe(one)
  const batch = Promise.withResolvers<void>()
  other!.inFlight = batch.promise
  let idle = false
  const waiting = all.idle().then(() => (idle = true))
  await Promise.resolve()
  expect(idle).toBe(false)
  batch.resolve()
  await waiting
})
