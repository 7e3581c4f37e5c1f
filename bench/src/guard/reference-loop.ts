import { createHash } from 'node:crypto'

const ITERATIONS = 20_000

const product = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  name: 'Blue enamel teapot',
  description: 'Holds 1.2 l; dishwasher safe.',
  category: 'kitchen',
  priceCents: 3490,
  words: ['blue', 'enamel', 'teapot', 'holds', '1', '2', 'l', 'dishwasher', 'safe', 'kitchen'],
}

/**
 * The CPU time of one iteration of a fixed loop in this process, µs: JSON, objects and a hash, as in a service. A slower
 * machine, or another program on the same core, makes it slower by the same factor as the services.
 */
export function referenceMicros(): number {
  const before = process.cpuUsage()
  let left = 0
  for (let index = 0; index < ITERATIONS; index++) {
    const text = JSON.stringify({ ...product, priceCents: index })
    const parsed = JSON.parse(text) as typeof product
    const words = new Map(parsed.words.map((word) => [word, word.length]))
    left += createHash('sha256').update(text).digest().readUInt8(0) + words.size
  }
  const { user, system } = process.cpuUsage(before)
  if (left === 0) throw new Error('the loop did nothing')
  return (user + system) / ITERATIONS
}
