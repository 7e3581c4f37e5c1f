import { expect, test } from 'vitest'
import { republishLimits } from './republish.ts'

test.each([1_000_000, 1_000, 100, 4])(
  'of an outbox for %d entries republishing takes no more than half',
  (limit) => {
    const { outbox, batch } = republishLimits(limit)
    const most = outbox - 1 + batch
    expect(most).toBeLessThanOrEqual(limit / 2)
    expect(batch).toBeGreaterThan(0)
  },
)
