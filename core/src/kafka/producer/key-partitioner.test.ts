import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { murmur2 } from './key-partitioner.ts'

const ofKafkaJs = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2') as (
  key: Buffer,
) => number

test('every key has the hash that kafkajs and the Java client give it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
      expect(murmur2(Buffer.from(bytes))).toBe(ofKafkaJs(Buffer.from(bytes)))
    }),
    { numRuns: 1_000 },
  )
})
