import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { measureCommands } from './commands.ts'
import { highestMemoryDuring, measureMemory } from './memory.ts'
import { printResults } from './print-results.ts'
import { startBenchStack } from './stack.ts'
import { measureWriteToReadable } from './write-to-readable.ts'

/** Long enough for the garbage of the start to be collected, ms. */
const REST_MS = 15_000

/** `make bench`: starts a separate stack on free ports, measures it, and removes it. */
const [loadBefore = 0] = loadavg()
console.log('Starting everything on free ports...')
await using stack = await startBenchStack()
const { settings, upSeconds, secondUpSeconds } = stack

await sleep(REST_MS)
const atRest = await measureMemory(settings)
console.log('Write to readable...')
const waits = await measureWriteToReadable(settings)
console.log('Commands over HTTP, alternating with pgbench...')
const { result: rounds, highest } = await highestMemoryDuring(settings, measureCommands(settings))

const up = { firstSeconds: upSeconds, secondSeconds: secondUpSeconds }
printResults({ loadBefore, up, atRest, waits, rounds, underLoad: highest })
