import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorTopic, groups, topics } from '@lockstep/contracts/topics.ts'
import { topicSpecs } from '@lockstep/contracts/topic-specs.ts'
import { brokerView } from '@lockstep/core/kafka/testing/broker-view.ts'
import { eventually } from '../../eventually.ts'
import { metric } from '../../metric.ts'
import { surely } from '../faults.ts'
import { pick } from '../random.ts'
import type { Scenario, World } from '../scenario.ts'

const errors = errorTopic(groups.productProjection)

export const poisonScenarios: readonly Scenario[] = [
  {
    name: 'poison',
    fails: 'records that can never be handled',
    when: '20 of them lie among good ones, in every partition',
    recovers: 'they go to the error topic; the records behind them take effect',
    short: true,
    inject: (world) => poison(world, 20),
  },
  {
    name: 'error-topic-not-writable',
    fails: 'the error topic refuses every record',
    when: 'for 8 s, with records that have to go there',
    recovers: 'the partition waits and repeats; nothing is skipped',
    short: true,
    async inject(world) {
      await using broker = await brokerView(world.stack.servers.kafka.brokers)
      const spec = topicSpecs({ aggregates: [], groups: [groups.productProjection] }).find(
        ({ topic }) => topic === errors,
      )!
      const settings = (maxBytes: number) => ({
        'cleanup.policy': spec.cleanupPolicy,
        'compression.type': 'uncompressed',
        'max.message.bytes': String(maxBytes),
      })
      await broker.configure(errors, settings(1))
      world.note('the error topic takes no record')
      try {
        await poison(world, 10)
        await sleep(8_000)
      } finally {
        await surely(() => broker.configure(errors, settings(spec.maxMessageBytes)))
      }
      world.note('the error topic takes records again')
    },
  },
  {
    name: 'poison-flood',
    fails: 'records that can never be handled',
    when: '130 of them in one partition at once',
    recovers: 'the partition is paused until its minute allows more',
    alone: true,
    async inject(world) {
      await poison(world, 130, 2)
      const paused = async () => {
        const counts = world.stack.readers.map((reader) =>
          metric(reader, 'kafka_consumer_paused_partitions', 'reason="flood"'),
        )
        return (await Promise.all(counts)).reduce<number>((sum, count) => sum + (count ?? 0), 0)
      }
      await eventually(async () => expectThat((await paused()) > 0), { withinMs: 30_000 })
      world.note('the partition is paused')
      await eventually(async () => expectThat((await paused()) === 0), { withinMs: 90_000 })
      world.note('the partition goes on')
    },
  },
]

function expectThat(condition: boolean): void {
  if (!condition) throw new Error('the pause of the partition is not as expected')
}

/** Bytes that are no event, a type that nobody knows, an empty value: each with a header of its own. */
async function poison({ stack, random, note, ours }: World, count: number, only?: number): Promise<void> {
  await using broker = await brokerView(stack.servers.kafka.brokers)
  note(`${count} records that can never be handled`)
  for (let n = 0; n < count; n++) {
    const key = randomUUID()
    ours(key)
    const value = pick(random, [randomBytes(200), Buffer.alloc(0), Buffer.from('not an event')])
    const type = pick(random, ['lockstep.product.v1.ProductCreated', 'lockstep.product.v1.ProductMoved'])
    const headers = { ce_type: Buffer.from(type), 'x-mine': Buffer.from(String(n)) }
    await broker.produce(topics.productEvents, only ?? n % 6, [{ key, value, headers }])
  }
}
