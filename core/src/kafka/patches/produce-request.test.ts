import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import '../client/client.ts'
import { unpatched } from '../testing/unpatched.ts'

/* The requests of kafkajs, before and after the patch of client.ts. */

type Request = { encode: () => Promise<{ buffer: Buffer }> }
type Produce = { protocol: (of: { version: number }) => (options: object) => { request: Request } }

const require = createRequire(import.meta.url)
const { protocol } = require('kafkajs/src/protocol/requests/produce') as Produce
const original = unpatched('kafkajs/src/protocol/requests/produce/v7/request') as (options: object) => Request

const bytesOf = async ({ encode }: Request) => Buffer.from((await encode()).buffer)
const patched = (options: object) => bytesOf(protocol({ version: 7 })(options).request)

const text = fc.string({ unit: 'grapheme', maxLength: 200 })
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
const value = fc.oneof(text, bytes)
const message = fc.record({
  key: fc.option(value),
  value: fc.option(bytes),
  headers: fc.dictionary(text, fc.oneof(value, fc.array(value, { maxLength: 3 })), { maxKeys: 8 }),
})
const partitions = fc.array(
  fc.record({ partition: fc.nat(50), messages: fc.array(message, { minLength: 1, maxLength: 200 }) }),
  { minLength: 1, maxLength: 4 },
)
const topicData = fc.array(fc.record({ topic: text, partitions }), { minLength: 1, maxLength: 2 })

test('a request has the same bytes as the one of kafkajs', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const property = fc.asyncProperty(topicData, async (data) => {
    const options = { acks: -1, timeout: 8_000, producerId: -1, producerEpoch: 0, topicData: data }
    expect(await patched(options)).toEqual(await bytesOf(original(options)))
  })
  await fc.assert(property, { numRuns: 100 }).finally(() => vi.useRealTimers())
})

test('what the patch does not encode is left to kafkajs', async () => {
  const data = [{ topic: 't', partitions: [{ partition: 0, messages: [{ key: 'k', value: 'v' }] }] }]
  const timed = [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: 'v', timestamp: '7' }] }] }]
  vi.useFakeTimers({ toFake: ['Date'] })
  for (const options of [
    { acks: -1, timeout: 1, topicData: data, compression: 1 },
    { acks: -1, timeout: 1, topicData: data, producerId: 7, producerEpoch: 2 },
    { acks: -1, timeout: 1, topicData: data, transactionalId: 'tx', producerId: 7 },
    { acks: -1, timeout: 1, topicData: timed },
  ]) {
    expect(await patched(options)).toEqual(await bytesOf(original(options)))
  }
  vi.useRealTimers()
})
