import { runProgram } from '../load/run-program.ts'
import type { Work } from '../measure/alternate.ts'
import { sqlFile } from './reference-database.ts'

export type Transactions = {
  url: string
  script: 'create-product' | 'update-stock'
  clients: number
  seconds: number
}

/**
 * Clients of pgbench that run one transaction after the other, with prepared statements. Postgres waits for the disk at
 * every commit, as for the writer. One thread: pgbench takes a few µs per transaction, and more threads are not faster.
 */
export async function pgbench({ url, script, clients, seconds }: Transactions): Promise<Work> {
  const amount = ['--client', String(clients), '--jobs', '1', '--time', String(seconds)]
  const options = ['--no-vacuum', '--protocol', 'prepared', '--file', sqlFile(script)]
  const output = await runProgram('pgbench', [...amount, ...options, url])
  const count = field(output, /actually processed: (\d+)/)
  // The rate leaves out the time to connect.
  const rate = field(output, /^tps = ([\d.]+)/m)
  const failed = field(output, /failed transactions: (\d+)/)
  if (failed > 0) throw new Error(`${failed} transactions of pgbench failed:\n${output}`)
  const p50Ms = field(output, /latency average = ([\d.]+)/)
  return { count, seconds: count / rate, p50Ms }
}

function field(output: string, pattern: RegExp): number {
  const text = pattern.exec(output)?.[1]
  if (text === undefined) throw new Error(`pgbench printed no ${pattern.source}:\n${output}`)
  return Number(text)
}
