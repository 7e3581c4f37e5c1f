import { cpus, totalmem } from 'node:os'
import { percentile } from '@lockstep/e2e/demo/percentile.ts'
import { CALLERS, ROUND_SECONDS, type Round } from './commands.ts'
import type { Memory } from './memory.ts'
import { RATE, type Waits } from './write-to-readable.ts'

export type Figures = {
  loadBefore: number
  up: { firstSeconds: number; secondSeconds: number }
  atRest: Memory
  waits: Waits
  rounds: Round[]
  underLoad: Memory
}

/** Prints the results, and how they were measured. */
export function printResults(figures: Figures): void {
  const { loadBefore, up, atRest, waits, rounds, underLoad } = figures
  const ms = (values: number[], share: number) =>
    values.length > 0 ? `${percentile(values, share).toFixed(1)} ms` : 'unknown'
  const middle = (value: (round: Round) => number) => percentile(rounds.map(value), 0.5)
  const ratio = middle((round) => round.commandsPerSecond / round.transactionsPerSecond)
  console.log(`
Machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, Node ${process.version}.
Load average before: ${loadBefore.toFixed(2)}${loadBefore > 1 ? ' (other programs use this machine, so the results are too low)' : ''}

make up, warm caches, empty data     ${up.firstSeconds.toFixed(1)} s
make up, already running             ${up.secondSeconds.toFixed(1)} s

Memory at rest (resident)            writer ${atRest.writer.toFixed(0)} MB, reader ${atRest.reader.toFixed(0)} MB
Memory, highest under load           writer ${underLoad.writer.toFixed(0)} MB, reader ${underLoad.reader.toFixed(0)} MB

Write to readable at ${RATE} commands/s   median ${ms(waits.fromResponse, 0.5)}, 99th percentile ${ms(waits.fromResponse, 0.99)} after the writer's response
                                     median ${ms(waits.fromDue, 0.5)}, 99th percentile ${ms(waits.fromDue, 0.99)} after the moment the command was due
  ${waits.fromDue.length} creates over HTTP in an open loop, each read over gRPC with min_version right after its response;
  ${waits.never} others could not be read within 20 s

Commands over HTTP, ${CALLERS} callers      ${middle((round) => round.commandsPerSecond).toFixed(0)}/s, median ${middle((round) => round.p50Ms)} ms, 99th percentile ${middle((round) => round.p99Ms)} ms
pgbench, ${CALLERS} clients                 ${middle((round) => round.transactionsPerSecond).toFixed(0)}/s of bench/src/reference-transaction.sql
Commands per pgbench transaction     ${ratio.toFixed(2)}
  Medians of ${rounds.length} alternating rounds of ${ROUND_SECONDS} s each on the same Postgres; autocannon, the services and all servers share the
  machine, and the relay and the projection process the created products during the rounds.
`)
}
