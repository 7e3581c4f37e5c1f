import { expect, test } from 'vitest'
import { gapBetween } from './kafka-generation-groups.ts'

const at = (offset: string) => ({ topic: { 0: offset } })

test.each<[string, string, string, string | undefined]>([
  ['the first record', '7', '7', undefined],
  ['the end, where no record is yet', '3', '7', undefined],
  ['a record that the topic has deleted', '8', '9', 'partition 0 of topic begins at offset 8, after 7'],
  ['a record after the end of a topic that was created again', '0', '6', 'ends at offset 6, before 7'],
])('from offset 7 a group can continue only if the topic has all records: %s', (_, first, end, gap) => {
  const found = gapBetween(at('7'), at(first), at(end))
  if (gap === undefined) expect(found).toBeUndefined()
  else expect(found).toContain(gap)
})

test('a partition that does not exist is a gap; one that was added is not', () => {
  expect(gapBetween({ topic: { 1: '0' } }, at('0'), at('0'))).toBe('partition 1 of topic does not exist')
  expect(gapBetween({}, at('5'), at('7'))).toBeUndefined()
})
