import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { measureCommands } from './commands.ts'
import { highestMemoryDuring, measureMemory } from './memory.ts'
import { benchReport } from './report.ts'
import { startBenchStack } from './stack.ts'
import { measureWriteToReadable } from './write-to-readable.ts'

/** Until the garbage of the start is collected, ms. */
const REST_MS = 15_000

/** `make bench`: starts a stack of its own beside whatever runs, measures, and takes it away. */
const [loadBefore = 0] = loadavg()
console.log('Starting everything on free ports...')
await using stack = await startBenchStack()
const { settings, upSeconds, againSeconds } = stack

await sleep(REST_MS)
const atRest = await measureMemory(settings)
console.log('Write to readable...')
const waits = await measureWriteToReadable(settings)
console.log('Commands over HTTP beside pgbench...')
const { result: rounds, highest } = await highestMemoryDuring(settings, measureCommands(settings))

const up = { firstSeconds: upSeconds, againSeconds }
console.log(benchReport({ loadBefore, up, atRest, waits, rounds, underLoad: highest }))
