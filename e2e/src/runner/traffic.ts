import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendCommand } from '../clients/send-command.ts'
import { sendQuery } from '../clients/send-query.ts'
import type { Attempt, Command, History, Read } from '../evidence/history.ts'
import { protocolOf, startClients } from '../clients/load.ts'
import type { Stack } from '../system/stack.ts'
import { pick, type Random } from './random.ts'

export type Traffic = AsyncDisposable & {
  history: { commands: Attempt[]; reads: Read[] }
  /** Lets what is in hand end, and repeats each command whose outcome is open until it has one. */
  stop(): Promise<History>
}

export type TrafficOptions = {
  clients: number
  /** How many pieces of work, commands and reads, all clients begin together in a second. */
  perSecond: number
  /** Products that live at the same time: few, so that many clients meet on each. */
  products: number
}

const usual: TrafficOptions = { clients: 16, perSecond: 150, products: 10 }

/** Commands with an idempotency key: they are repeated until their outcome is known. The others have to be true too. */
const SHARE_WITH_KEY = 0.8

/** A product as the clients know it together; a deleted one makes room for another. */
type Slot = { id: string | undefined; version: number }

type Work = Parameters<typeof startClients>[0]['work']

/** Clients that create, change, delete and read a few hot products, on any writer and reader, over both protocols. */
export function startTraffic(
  stack: Pick<Stack, 'writers' | 'readers'>,
  random: Random,
  options: Partial<TrafficOptions> = {},
): Traffic {
  const { clients, perSecond, products } = { ...usual, ...options }
  const slots = Array.from({ length: products }, (): Slot => ({ id: undefined, version: 0 }))
  const chance = (share: number) => random() < share

  const read = async (client: number, reads: Read[], id: string, minVersion?: number) => {
    const query = { id, ...(minVersion !== undefined && minVersion > 0 && { minVersion }) }
    reads.push(await sendQuery(pick(random, stack.readers), protocolOf(client), `client ${client}`, query))
  }

  const send = async (client: number, commands: Attempt[], command: Command) => {
    const attempt = await sendCommand(pick(random, stack.writers), protocolOf(client), command)
    commands.push(attempt)
    return attempt
  }

  const work: Work = async (client, { commands, reads }) => {
    const slot = pick(random, slots)
    if (slot.id !== undefined && chance(0.5)) {
      return read(client, reads, slot.id, chance(0.5) ? slot.version : undefined)
    }
    const command = nextCommand(slot, random)
    // Two at once with one key, as of a client that lost its patience.
    const twice = command.idempotencyKey !== undefined && chance(0.05)
    const sent = [send(client, commands, command), ...(twice ? [send(client + 1, commands, command)] : [])]
    for (const { outcome } of await Promise.all(sent)) learn(slot, command, outcome)
    if (slot.id !== undefined && chance(0.3)) await read(client, reads, slot.id, slot.version)
  }
  const load = startClients({ clients, perSecond, work })
  const history = load.history as Traffic['history']
  return {
    ...load,
    history,
    async stop() {
      await load.stop()
      await Promise.all(
        openCommands(history.commands).map((command) => settle(stack, random, command, history)),
      )
      return history
    },
  }
}

function nextCommand(slot: Slot, random: Random): Command {
  const mark = randomUUID()
  const key = random() < SHARE_WITH_KEY ? { idempotencyKey: mark } : {}
  const { id } = slot
  if (id !== undefined) return { type: random() < 0.1 ? 'delete' : 'update', id, mark, ...key }
  // Who leaves the id out and gets no answer can only ask again by the key.
  if ('idempotencyKey' in key && random() < 0.3) return { type: 'create', mark, ...key }
  return { type: 'create', id: (slot.id = randomUUID()), mark, ...key }
}

function learn(slot: Slot, { type, id }: Command, outcome: Attempt['outcome']): void {
  if (slot.id !== undefined && slot.id !== id) return
  const gone =
    outcome.type === 'acknowledged' ? type === 'delete' : 'code' in outcome && outcome.code === 'not_found'
  if (gone) Object.assign(slot, { id: undefined, version: 0 })
  else if (outcome.type === 'acknowledged')
    Object.assign(slot, { id: outcome.id, version: Math.max(slot.version, outcome.version) })
}

/** Commands with a key whose every attempt left the outcome open, or was turned away for a while. */
function openCommands(attempts: readonly Attempt[]): Command[] {
  const keyed = attempts.filter(({ idempotencyKey }) => idempotencyKey !== undefined)
  return [...Map.groupBy(keyed, ({ mark }) => mark).values()].flatMap((same) => {
    const { type, id, mark, idempotencyKey } = same[0]!
    return same.every(isOpen)
      ? [{ type, mark, ...(id !== undefined && { id }), idempotencyKey: idempotencyKey! }]
      : []
  })
}

const forNow = new Set(['unavailable', 'overloaded', 'deadline_exceeded', 'ECONNREFUSED'])

function isOpen({ outcome }: Attempt): boolean {
  return outcome.type === 'unknown' || (outcome.type === 'nothing_done' && forNow.has(outcome.code))
}

const SETTLE_WITHIN_MS = 30_000

async function settle(
  stack: Pick<Stack, 'writers'>,
  random: Random,
  command: Command,
  history: Traffic['history'],
) {
  const limit = Date.now() + SETTLE_WITHIN_MS
  while (Date.now() < limit) {
    const attempt = await sendCommand(pick(random, stack.writers), pick(random, ['http', 'grpc']), command)
    history.commands.push(attempt)
    if (!isOpen(attempt)) return
    await sleep(200)
  }
}
