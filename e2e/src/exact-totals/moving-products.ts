import { randomUUID } from 'node:crypto'
import { eventsTopic } from '@lockstep/contracts/topics.ts'
import type { BrokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import type { GroupTotals } from '../evidence/history.ts'
import { productRecord, type PublishedProduct } from './product-record.ts'

/** Products whose every event moves them to another category and changes their price, and of which some are deleted. */
export type MovingProducts = {
  /** Events and repetitions. */
  records: number
  /** Publishes all events in the order of versions; calls `published` with the number of records after each request. */
  publish(broker: BrokerView, published: (records: number) => void): Promise<void>
  /** The totals of the newest versions, in the order of categories. */
  totals(): GroupTotals[]
}

const CATEGORIES = 50
const PARTITIONS = 6
/** As many as the relay sends at a time when it has a backlog. */
const PER_SEND = 500
/** So often an older version of the same product is repeated late. */
const REPEATED_EVERY = 20
const DELETED_EVERY = 20

export function movingProducts(products: number, events: number): MovingProducts {
  const ids = Array.from({ length: products }, () => randomUUID())
  const versionsOf = (index: number) => Math.floor(events / products) + (index < events % products ? 1 : 0)

  function productAt(index: number, version: number): PublishedProduct {
    const deleted = version > 1 && version === versionsOf(index) && index % DELETED_EVERY === 0
    const number = mixed(index, version)
    const details = {
      name: 'Blue enamel teapot',
      description: 'Holds 1.2 l; dishwasher safe.',
      category: `category-${number % CATEGORIES}`,
      priceCents: Math.floor(number / CATEGORIES) % 100_000,
    }
    return { id: ids[index]!, version, details: deleted ? undefined : details }
  }

  /** The records of one partition. A repetition comes a round later, so that it is not in the batch of its product. */
  function* recordsOf(partition: number) {
    for (let version = 1; version <= versionsOf(0) + 1; version++) {
      for (let index = partition; index < products; index += PARTITIONS) {
        const last = version - 1
        if (repeats(index, last)) yield productRecord(productAt(index, 1 + (mixed(last, index) % last)))
        if (version <= versionsOf(index)) yield productRecord(productAt(index, version))
      }
    }
  }

  const repeats = (index: number, version: number) =>
    version > 0 && version <= versionsOf(index) && mixed(index, version) % REPEATED_EVERY === 0
  let repeated = 0
  for (let index = 0; index < products; index++) {
    for (let version = 1; version <= versionsOf(index); version++) if (repeats(index, version)) repeated++
  }
  return {
    records: events + repeated,
    async publish(broker, published) {
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) => recordsOf(partition))
      for (let sent = -1; sent !== 0;) {
        sent = 0
        for (const [partition, records] of partitions.entries()) {
          const next = taken(records, PER_SEND)
          if (next.length > 0) await broker.produce(eventsTopic('product'), partition, next)
          published(next.length)
          sent += next.length
        }
      }
    },
    totals() {
      const published = [...ids.keys()].filter((index) => versionsOf(index) > 0)
      const last = published.flatMap((index) => productAt(index, versionsOf(index)).details ?? [])
      return [...Map.groupBy(last, ({ category }) => category)]
        .map(([group, of]) => {
          const prices = of.map(({ priceCents }) => priceCents).toSorted((a, b) => a - b)
          const sum = prices.reduce((total, price) => total + price, 0)
          return { group, count: of.length, sum, min: prices[0]!, max: prices.at(-1)! }
        })
        .toSorted((a, b) => (a.group < b.group ? -1 : 1))
    },
  }
}

/** Other than Iterator.take, it leaves the rest for the next call. */
function taken<T>(from: Iterator<T>, count: number): T[] {
  const items: T[] = []
  for (let next; items.length < count && !(next = from.next()).done;) items.push(next.value)
  return items
}

/** A number below 2^32 that looks random, and is the same for the same arguments. */
function mixed(a: number, b: number): number {
  let bits = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35)
  bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d)
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39)
  return (bits ^ (bits >>> 15)) >>> 0
}
