import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { freshPostgres } from '@lockstep/testkit/fresh-names.ts'
import { runSetup } from '@lockstep/local-infra/stack/migrate.ts'
import type { StackSettings } from '@lockstep/local-infra/stack/settings.ts'

export const CALLERS = 64
export const ROUND_SECONDS = 10
const ROUNDS = 3

export type Round = { commandsPerSecond: number; p50Ms: number; p99Ms: number; transactionsPerSecond: number }

const script = fileURLToPath(new URL('reference-transaction.sql', import.meta.url))

/** Alternates rounds of pgbench and of creates over HTTP, so that other load on the machine affects both alike. */
export async function measureCommands(settings: StackSettings): Promise<Round[]> {
  // A separate database on the same server: the relay must not publish what pgbench writes.
  const reference = await freshPostgres(settings.POSTGRES_URL)
  await runSetup('postgres', { POSTGRES_URL: reference })
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const transactionsPerSecond = await pgbench(reference)
    const { requests, latency, non2xx, errors } = await autocannon(createProducts(settings))
    if (non2xx > 0 || errors > 0)
      throw new Error(`${non2xx} commands were refused, ${errors} got no response`)
    rounds.push({
      commandsPerSecond: requests.total / ROUND_SECONDS,
      p50Ms: latency.p50,
      p99Ms: latency.p99,
      transactionsPerSecond,
    })
  }
  return rounds
}

function createProducts(settings: StackSettings): autocannon.Options {
  const body = {
    name: 'Blue enamel teapot',
    description: 'Holds 1.2 l; dishwasher safe.',
    category: 'kitchen',
    priceCents: 3490,
  }
  return {
    url: `http://127.0.0.1:${settings.WRITER_HTTP_PORT}/api/v1/products`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    connections: CALLERS,
    duration: ROUND_SECONDS,
  }
}

async function pgbench(url: string): Promise<number> {
  const clients = ['--client', String(CALLERS), '--jobs', '1', '--time', String(ROUND_SECONDS)]
  const options = ['--no-vacuum', '--protocol', 'prepared', '--file', script]
  const { stdout } = await promisify(execFile)('pgbench', [...clients, ...options, url])
  const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1]
  if (tps === undefined) throw new Error(`pgbench printed no rate:\n${stdout}`)
  return Number(tps)
}
