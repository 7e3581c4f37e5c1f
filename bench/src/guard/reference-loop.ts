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

export type ReferenceLoop = {
  /** The CPU time of one iteration, µs. */
  micros: number
  /** How much longer it took than its CPU time: 1 if the core had nothing else to do. */
  contention: number
}

/**
 * Runs a fixed loop in this process: JSON, objects and a hash, as in a service. A slower machine makes it slower by the
 * same factor as the services.
 */
export function runReferenceLoop(): ReferenceLoop {
  const before = process.cpuUsage()
  const began = performance.now()
  let left = 0
  for (let index = 0; index < ITERATIONS; index++) {
    const text = JSON.stringify({ ...product, priceCents: index })
    const parsed = JSON.parse(text) as typeof product
    const words = new Map(parsed.words.map((word) => [word, word.length]))
    left += createHash('sha256').update(text).digest().readUInt8(0) + words.size
  }
  const { user, system } = process.cpuUsage(before)
  if (left === 0) throw new Error('the loop did nothing')
  const contention = ((performance.now() - began) * 1_000) / (user + system)
  return { micros: (user + system) / ITERATIONS, contention }
}
