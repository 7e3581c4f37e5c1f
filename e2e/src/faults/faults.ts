import { setTimeout as sleep } from 'node:timers/promises'
import type { Proxy } from '@lockstep/local-infra/servers/toxiproxy.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { eventually } from '../eventually.ts'
import type { Stack } from '../stack.ts'
import type { World } from './scenario.ts'

/** The pieces that faults are made of. A duration is a part of the fault: nothing is awaited by it. */

/** Nothing arrives any more in this direction while the connections stay open; they are cut at the end. */
export async function silent(
  proxy: Proxy,
  stream: 'downstream' | 'upstream',
  during: () => Promise<unknown>,
): Promise<void> {
  const end = await proxy.inject({ type: 'timeout', attributes: { timeout: 0 }, stream })
  try {
    await during()
  } finally {
    await proxy.enable(false)
    await end()
    await proxy.enable(true)
  }
}

export async function cutOff(proxy: Proxy, during: () => Promise<unknown>): Promise<void> {
  await proxy.enable(false)
  try {
    await during()
  } finally {
    await proxy.enable(true)
  }
}

export const lasting = (ms: number) => (): Promise<void> => sleep(ms)

/** Killed, away for so long, and started again; whether it comes back is judged afterwards, on a slow machine too. */
export async function killed({ note }: Pick<World, 'note'>, server: Server, awayMs: number): Promise<void> {
  note(`kill -9 ${server.name}`)
  await server.kill()
  await sleep(awayMs)
  note(`start ${server.name}`)
  await server.start().catch((error: Error) => note(`${server.name}: ${error.message}`))
}

/** Holds what the statement locks while `during` runs. */
export async function locked(
  { postgres }: Stack,
  statement: string,
  during: () => Promise<unknown>,
): Promise<void> {
  const holder = await postgres.connect()
  try {
    await holder.query('begin')
    await holder.query(statement)
    await during()
    await holder.query('rollback')
  } finally {
    holder.release(true)
  }
}

/** Resolves when so many statements of this application wait for a lock. */
export function untilBlocked({ postgres }: Stack, application: string, count = 1): Promise<void> {
  return eventually(
    async () => {
      const { rowCount } = await postgres.query(
        `select from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock'`,
        [application],
      )
      if ((rowCount ?? 0) < count) throw new Error(`${rowCount} statements of ${application} wait`)
    },
    { withinMs: 60_000, everyMs: 10 },
  )
}

/** Postgres goes on with a statement whose client is gone, unless its server process is ended. */
export async function endBlocked({ postgres }: Stack, application: string): Promise<void> {
  await postgres.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = $1 and wait_event_type = 'Lock'`,
    [application],
  )
}

/** What takes a fault back must not fail because another one is there: it is repeated. */
export function surely<T>(step: () => Promise<T>): Promise<T> {
  return eventually(step, { withinMs: 60_000, everyMs: 200 })
}

/** Again and again for so long. */
export async function repeatedly(ms: number, step: () => Promise<unknown>): Promise<void> {
  const limit = Date.now() + ms
  while (Date.now() < limit) await step()
}
