import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorTopic } from '@lockstep/contracts/topics.ts'
import { topicSpecs } from '@lockstep/contracts/topic-specs.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { product } from '../subjects/product.ts'
import { eventually } from '../system/eventually.ts'
import { metric } from '../system/metric.ts'
import { surely } from './injections.ts'
import { pick } from '../runner/random.ts'
import type { Scenario, Injection } from './scenario.ts'

const errors = errorTopic(product.group)

export const poisonScenarios: readonly Scenario[] = [
  {
    name: 'poison',
    fails: 'records that can never be handled',
    when: '20 of them among good ones, in every partition',
    recovers: 'they go to the error topic; the records behind them are applied',
    short: true,
    inject: (injection) => poison(injection, 20),
  },
  {
    name: 'error-topic-not-writable',
    fails: 'the error topic refuses every record',
    when: 'for 8 s, with records that belong there',
    recovers: 'the partition waits and retries; nothing is skipped',
    short: true,
    async inject(injection) {
      await using broker = await brokerView(injection.stack.servers.kafka.brokers)
      const spec = topicSpecs({ aggregates: [], groups: [product.group] }).find(
        ({ topic }) => topic === errors,
      )!
      const settings = (maxBytes: number) => ({
        'cleanup.policy': spec.cleanupPolicy,
        'compression.type': 'uncompressed',
        'max.message.bytes': String(maxBytes),
      })
      await broker.configure(errors, settings(1))
      injection.note('the error topic refuses records')
      try {
        await poison(injection, 10)
        await sleep(8_000)
      } finally {
        await surely(() => broker.configure(errors, settings(spec.maxMessageBytes)))
      }
      injection.note('the error topic accepts records')
    },
  },
  {
    name: 'poison-flood',
    fails: 'records that can never be handled',
    when: '130 of them in one partition at once',
    recovers: 'the partition is paused until its minute allows more',
    alone: true,
    async inject(injection) {
      await poison(injection, 130, 2)
      const paused = async () => {
        const counts = injection.stack.readers.map((reader) =>
          metric(reader, 'kafka_consumer_paused_partitions', 'group="product-projection",reason="flood"'),
        )
        return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0)
      }
      await eventually(async () => assertPause((await paused()) > 0), { withinMs: 30_000 })
      injection.note('the partition is paused')
      await eventually(async () => assertPause((await paused()) === 0), { withinMs: 90_000 })
      injection.note('the partition continues')
    },
  },
]

function assertPause(condition: boolean): void {
  if (!condition) throw new Error('the pause of the partition is not as expected')
}

/** Bytes that are not an event, an unknown type, an empty value: each with its own header. */
async function poison({ stack, random, note, own }: Injection, count: number, only?: number): Promise<void> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  note(`${count} records that can never be handled`)
  for (let n = 0; n < count; n++) {
    const key = randomUUID()
    own(key)
    const value = pick(random, [randomBytes(200), Buffer.alloc(0), Buffer.from('not an event')])
    const type = pick(random, ['lockstep.product.v1.ProductCreated', 'lockstep.product.v1.ProductMoved'])
    const headers = { ce_type: Buffer.from(type), 'x-mine': Buffer.from(String(n)) }
    await broker.produce(product.topic, only ?? n % 6, [{ key, value, headers }])
  }
}
