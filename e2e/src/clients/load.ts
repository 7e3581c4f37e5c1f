import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendCommand } from './send-command.ts'
import { eventually } from '../system/eventually.ts'
import type { Attempt, Command, History, Protocol, Read } from '../evidence/history.ts'
import type { Service, Writer } from '../system/services.ts'

/** What clients did so far; grows while they run. */
type Recording = { commands: Attempt[]; reads: Read[] }

export type Load = AsyncDisposable & {
  history: History
  /** Lets what is in hand end; rejects if the load broke down by itself. */
  stop(): Promise<History>
}

/** Clients that do one piece of work after the other. `perSecond`: how many all of them begin together at most. */
export function startClients(options: {
  clients: number
  perSecond?: number
  work: (client: number, record: Recording) => Promise<void>
}): Load {
  const { clients, perSecond, work } = options
  const history: Recording = { commands: [], reads: [] }
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
  running.catch(() => {}) // whoever stops it gets the error
  const stop = async () => {
    stopped = true
    await running
    return history
  }
  return { history, stop, [Symbol.asyncDispose]: async () => void (await stop()) }
}

/** Every other client speaks gRPC. */
export const protocolOf = (client: number): Protocol => (client % 2 === 0 ? 'http' : 'grpc')

/** Clients that send one command after the other and write down what each came to. */
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

/** Resolves when so many more commands were acknowledged than now. */
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

/** Every client changes the same products: many commands meet. */
export function updatesOf(ids: readonly string[]): () => Command {
  return () => {
    const id = ids[Math.floor(Math.random() * ids.length)] as string
    return { type: 'update', id, mark: randomUUID() }
  }
}

/** Every client creates products of its own, changes each a few times, and deletes every other one. */
export function wholeLives(updatesEach = 4): (client: number) => Command {
  const lives = new Map<number, { id: string; steps: Command['type'][] }>()
  let begun = 0
  return (client) => {
    let life = lives.get(client)
    if (!life?.steps.length) {
      const updates = Array.from({ length: updatesEach }, () => 'update' as const)
      life = { id: randomUUID(), steps: ['create', ...updates, ...(begun++ % 2 ? ['delete' as const] : [])] }
      lives.set(client, life)
    }
    return { type: life.steps.shift() as Command['type'], id: life.id, mark: randomUUID() }
  }
}

/** One after the other, whether they answer or not. */
export function inTurn<S extends Service>(services: readonly S[]): () => S {
  let next = 0
  return () => services[next++ % services.length] as S
}

export type Balancer<S> = AsyncDisposable & { pick: () => Promise<S> }

/** Sends to those whose `/ready` answered 200 when it was asked last, as a load balancer does. */
export function balancer<S extends Service>(services: readonly S[], everyMs = 50): Balancer<S> {
  const ready = new Set<S>(services)
  let stopped = false
  const watch = async (service: S) => {
    while (!stopped) {
      const answer = await service.admin.send('GET', '/ready', { timeoutMs: 1_000 }).catch(() => undefined)
      if (answer?.status === 200) ready.add(service)
      else ready.delete(service)
      await sleep(everyMs)
    }
  }
  const watching = Promise.all(services.map(watch))
  const turn = inTurn(services)
  return {
    async pick() {
      for (;;) {
        for (let tried = 0; tried < services.length; tried++) {
          const service = turn()
          if (ready.has(service)) return service
        }
        await sleep(10)
      }
    },
    async [Symbol.asyncDispose]() {
      stopped = true
      await watching
    },
  }
}
