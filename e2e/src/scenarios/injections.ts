import { setTimeout as sleep } from 'node:timers/promises'
import type { Server } from '@lockstep/local-infra/server.ts'
import type { Proxy } from '@lockstep/local-infra/servers/toxiproxy.ts'
import { eventually } from '../system/eventually.ts'
import { countBlocked } from '../system/postgres.ts'
import type { Stack } from '../system/stack.ts'
import type { Injection } from './scenario.ts'

/** The parts of which scenarios consist. A duration is a part of the fault: no result is awaited by it. */

/** Nothing arrives in this direction while the connections stay open; they are closed at the end. */
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

/** Runs `during` for at least this time. */
export async function atLeast(ms: number, during: () => Promise<unknown>): Promise<void> {
  await Promise.all([sleep(ms), during()])
}

/** Kills the server with SIGKILL and starts it after `during`; whether it recovers is checked later. */
export async function killed(
  { note }: Pick<Injection, 'note'>,
  server: Server,
  during: () => Promise<unknown>,
): Promise<void> {
  note(`kill -9 ${server.name}`)
  await server.kill()
  try {
    await during()
  } finally {
    note(`start ${server.name}`)
    await server.start().catch((error: Error) => note(`${server.name}: ${error.message}`))
  }
}

/** Keeps the locks that the statement takes while `during` runs. */
export async function locked(
  { postgres }: Stack,
  statement: string,
  during: () => Promise<unknown>,
): Promise<void> {
  const client = await postgres.connect()
  try {
    await client.query('begin')
    await client.query(statement)
    await during()
    await client.query('rollback')
  } finally {
    client.release(true)
  }
}

/** Resolves when this many statements of these sessions wait for a lock. */
export function untilBlocked({ postgres }: Stack, sessions: string, count = 1): Promise<void> {
  return eventually(
    async () => {
      const blocked = await countBlocked(postgres, sessions)
      if (blocked < count) throw new Error(`${blocked} statements of ${sessions} wait`)
    },
    { withinMs: 60_000, everyMs: 10 },
  )
}

/** Repeats a step that heals: another fault may be in force at the same time. */
export function surely<T>(step: () => Promise<T>): Promise<T> {
  return eventually(step, { withinMs: 60_000, everyMs: 200 })
}

/** Repeats the step for this time. */
export async function repeatedly(ms: number, step: () => Promise<unknown>): Promise<void> {
  const limit = Date.now() + ms
  while (Date.now() < limit) await step()
}
