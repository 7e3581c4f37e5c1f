import { Partitioners, type ICustomPartitioner } from 'kafkajs'

const SEED = 0x9747b28c
const M = 0x5bd1e995

/**
 * Chooses the partition of a key as the Java client does: murmur2 modulo the number of partitions. It is pinned, because
 * a key must stay in its partition. kafkajs computes the same hash with BigInts that are never cut to 32 bits, which
 * takes 4 us for a UUID (src/producer/partitioners/default/murmur2.js). Records without a key are spread by kafkajs.
 */
export const keyPartitioner: ICustomPartitioner = () => {
  const withoutKey = Partitioners.DefaultPartitioner()
  return (args) => {
    const { key } = args.message
    if (key === null || key === undefined) return withoutKey(args)
    const bytes = typeof key === 'string' ? Buffer.from(key) : key
    return (murmur2(bytes) & 0x7f_ff_ff_ff) % args.partitionMetadata.length
  }
}

/** The hash of Kafka's Utils.murmur2, a signed 32-bit number. */
export function murmur2(bytes: Buffer): number {
  const words = bytes.length >> 2
  let hash = SEED ^ bytes.length
  for (let word = 0; word < words; word++) {
    const k = Math.imul(bytes.readInt32LE(word * 4), M)
    hash = Math.imul(hash, M) ^ Math.imul(k ^ (k >>> 24), M)
  }
  const rest = bytes.length & 3
  if (rest > 0) {
    const from = words * 4
    for (let i = rest - 1; i >= 0; i--) hash ^= (bytes[from + i] ?? 0) << (8 * i)
    hash = Math.imul(hash, M)
  }
  hash = Math.imul(hash ^ (hash >>> 13), M)
  return hash ^ (hash >>> 15)
}
