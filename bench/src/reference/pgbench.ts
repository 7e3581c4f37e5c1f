import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { percentile } from '@lockstep/e2e/demo/percentile.ts'
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
 * every commit, as for the writer. One thread: the report shows that it uses a small part of a core.
 */
export async function pgbench({ url, script, clients, seconds }: Transactions): Promise<Work> {
  const dir = await mkdtemp(join(tmpdir(), 'lockstep-pgbench-'))
  try {
    const amount = ['--client', String(clients), '--jobs', '1', '--time', String(seconds)]
    const options = ['--no-vacuum', '--protocol', 'prepared', '--file', sqlFile(script)]
    const log = ['--log', '--log-prefix', join(dir, 'log'), '--sampling-rate', '0.1']
    const output = await runProgram('pgbench', [...amount, ...options, ...log, url])
    const count = field(output, /actually processed: (\d+)/)
    if (count === 0) throw new Error(`no transaction of pgbench ended within ${seconds} s`)
    // The rate leaves out the time to connect.
    const rate = field(output, /^tps = ([\d.]+)/m)
    const failed = field(output, /failed transactions: (\d+)/)
    if (failed > 0) throw new Error(`${failed} transactions of pgbench failed:\n${output}`)
    const ms = await loggedLatencies(dir)
    const latency = ms.length > 0 && { p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99) }
    return { count, seconds: count / rate, ...latency }
  } finally {
    await rm(dir, { recursive: true })
  }
}

function field(output: string, pattern: RegExp): number {
  const text = pattern.exec(output)?.[1]
  if (text === undefined) throw new Error(`pgbench printed no ${pattern.source}:\n${output}`)
  return Number(text)
}

/** The third field of a line is the latency of a transaction in µs. */
async function loggedLatencies(dir: string): Promise<number[]> {
  const [file = ''] = await readdir(dir)
  const lines = (await readFile(join(dir, file), 'utf8')).split('\n').filter((line) => line !== '')
  return lines.map((line) => Number(line.split(' ')[2]) / 1_000)
}
