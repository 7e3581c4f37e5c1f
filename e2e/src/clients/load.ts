import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  newRecording,
  type Command,
  type History,
  type Protocol,
  type Recording,
} from '../evidence/history.ts'
import { productCommand } from '../subjects/product.ts'
import { eventually } from '../system/eventually.ts'
import type { Writer } from '../system/services.ts'
import { sendCommand } from './send-command.ts'

export type Load = AsyncDisposable & {
  history: History
  /** Lets the work in flight finish; rejects if the load failed. */
  stop(): Promise<History>
}

/** Clients that do one piece of work after the other. `perSecond`: the most that all of them begin together. */
export function startClients(options: {
  clients: number
  perSecond?: number
  work: (client: number, record: Recording) => Promise<void>
}): Load {
  const { clients, perSecond, work } = options
  const history = newRecording()
  const pauseMs = perSecond === undefined ? 0 : (1_000 * clients) / perSecond
  let stopped = false

  const run = async (client: number) => {
    while (!stopped) {
      const due = performance.now() + pauseMs
      await work(client, history)
      if (pauseMs > 0) await sleep(Math.max(0, due - performance.now()))
    }
  }
  const running = Promise.all(Array.from({ length: clients }, (_, client) => run(client)))
  running.catch(() => {}) // `stop` reports the error
  const stop = async () => {
    stopped = true
    await running
    return history
  }
  return { history, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}

/** Every other client uses gRPC. */
export const protocolOf = (client: number): Protocol => (client % 2 === 0 ? 'http' : 'grpc')

/** Clients that send one command after the other and record the outcomes. */
export function startLoad(options: {
  clients: number
  perSecond?: number
  next: (client: number) => Command
  pick: () => Writer | Promise<Writer>
}): Load {
  const { next, pick, ...rest } = options
  return startClients({
    ...rest,
    async work(client, { commands }) {
      commands.push(await sendCommand(await pick(), protocolOf(client), next(client)))
    },
  })
}

/** Resolves when this many more commands are acknowledged than now. */
export async function acknowledged(
  load: Pick<Load, 'history'>,
  more: number,
  withinMs = 60_000,
): Promise<void> {
  const count = () => load.history.commands.filter(({ outcome }) => outcome.type === 'acknowledged').length
  const goal = count() + more
  await eventually(
    () => {
      if (count() < goal) throw new Error(`${count()} of ${goal} commands are acknowledged`)
    },
    { withinMs },
  )
}

/** All clients update the same products, so that many commands conflict. */
export function updatesOf(ids: readonly string[]): () => Command {
  return () => productCommand('update', ids[Math.floor(Math.random() * ids.length)])
}

/** Every client creates its own products, updates each a few times, and deletes every other one. */
export function wholeLives(updatesEach = 4): (client: number) => Command {
  const lives = new Map<number, Command[]>()
  let begun = 0
  return (client) => {
    let life = lives.get(client)
    if (!life?.length) {
      const id = randomUUID()
      const updates = Array.from({ length: updatesEach }, () => productCommand('update', id))
      const end = begun++ % 2 ? [productCommand('delete', id)] : []
      life = [productCommand('create', id), ...updates, ...end]
      lives.set(client, life)
    }
    return life.shift() as Command
  }
}
