import { errorTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import fc from 'fast-check'
import { expect } from 'vitest'
import { eventually } from '../../system/eventually.ts'
import { readable } from '../../clients/readable.ts'
import { test } from '../../system/stack-test.ts'

/** Everything that the input rules allow, including their limits; lengths are in code points. */
const character = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.constantFrom('\u0001', '\ufeff', '\u202e', '\uffff', '🫖', '"', '\\', ' ') },
)
const text = (min: number, max: number) =>
  fc
    .array(character, { minLength: min, maxLength: max })
    .map((characters) => [...characters.join('').replaceAll('\0', '')].slice(0, max).join(''))
    .filter((value) => value.isWellFormed() && value.length >= min)
const details = fc.record({
  name: text(1, 250),
  description: text(0, 400),
  category: fc.stringMatching(/^[a-z0-9]{1,20}(-[a-z0-9]{1,9}){0,4}$/),
  priceCents: fc.oneof(fc.constantFrom(0, 99_999_999_999), fc.integer({ min: 0, max: 99_999_999_999 })),
})

test('the reader processes everything that the writer accepts: no event becomes a dead letter, and every field is the same', async ({
  stack,
}) => {
  const { writers, reader, servers } = stack
  await using broker = await brokerView(servers.kafka.brokers)
  const deadLetters = async () => (await broker.recordsOf(errorTopic(projectionGroup('product')))).length
  const before = await deadLetters()
  const property = fc.asyncProperty(details, async (product) => {
    const created = await writers[0].http.send('POST', '/api/v1/products', { json: product })
    expect(created.status).toBe(201)
    const { id } = created.json as { id: string }
    await readable(reader, id, 1)
    const found = await eventually(() => reader.grpc.getProduct({ id }), { withinMs: 60_000 })
    expect(found.product).toMatchObject({ id, version: 1, ...product })
  })
  await fc.assert(property, { numRuns: 150, endOnFailure: true })
  expect(await deadLetters()).toBe(before)
})
