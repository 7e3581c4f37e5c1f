import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { balancer } from '../clients/balancer.ts'
import { protocolOf, startClients, type Load } from '../clients/load.ts'
import { temporaryFailures } from '../clients/results.ts'
import { sendCommand } from '../clients/send-command.ts'
import { sendChanges, sendQuery, sendTotals } from '../clients/send-query.ts'
import type { Attempt, Command, Recording } from '../evidence/history.ts'
import { subjects } from '../subjects/all.ts'
import type { Slot } from '../subjects/subject.ts'
import type { Reader, Writer } from '../system/services.ts'
import type { Stack } from '../system/stack.ts'
import { pick, type Random } from './random.ts'

/** `stop` lets the work in flight finish, and repeats each command with a key until its outcome is known. */
export type Traffic = Load & { history: Recording }

export type TrafficOptions = {
  clients: number
  /** How many pieces of work, commands and reads, all clients begin together in a second. */
  perSecond: number
  /** Aggregates of each subject that exist at the same time: few, so that many clients use each. */
  aggregates: number
  /** Whether clients avoid a service that is not ready, as behind a load balancer. */
  balanced: boolean
}

const usual: TrafficOptions = { clients: 16, perSecond: 150, aggregates: 10, balanced: false }

/** Commands with an idempotency key: they are repeated until their outcome is known. The others are checked as well. */
const SHARE_WITH_KEY = 0.8

type Choose = { writer: () => Writer | Promise<Writer>; reader: () => Reader | Promise<Reader> }

/** Clients that create, change, delete and read a few aggregates, on any writer and reader, over both protocols. */
export function startTraffic(
  stack: Pick<Stack, 'writers' | 'readers'>,
  random: Random,
  options: Partial<TrafficOptions> = {},
): Traffic {
  const { clients, perSecond, aggregates, balanced } = { ...usual, ...options }
  const scope = new AsyncDisposableStack()
  const choose = balanced
    ? {
        writer: scope.use(balancer(stack.writers)).pick,
        reader: scope.use(balancer(stack.readers)).pick,
      }
    : { writer: () => pick(random, stack.writers), reader: () => pick(random, stack.readers) }
  const slots = subjects.flatMap((subject) =>
    Array.from({ length: aggregates }, (): Slot => ({ subject, id: undefined, version: 0 })),
  )
  const load = startClients({
    clients,
    perSecond,
    work: (client, record) => oneStep({ client, record, choose, random, slot: pick(random, slots) }),
  })
  const history = load.history as Recording
  const stop = async () => {
    await load.stop()
    const commands = openCommands(history.commands)
    await Promise.all(commands.map((command) => repeatUntilKnown(choose, random, command, history)))
    await scope.disposeAsync()
    return history
  }
  const dispose = async () => {
    await load.stop()
    await scope.disposeAsync()
  }
  return { history, stop, [Symbol.asyncDispose]: dispose }
}

type Step = { client: number; record: Recording; choose: Choose; random: Random; slot: Slot }

/** One read, or one command and sometimes a read of its version. */
async function oneStep(step: Step): Promise<void> {
  const { client, random, slot } = step
  const chance = (share: number) => random() < share
  if (slot.id !== undefined && chance(0.5)) return read(step, chance(0.5) ? slot.version : 0)

  const command = nextCommand(slot, random)
  const send = async (sender: number) => {
    const attempt = await sendCommand(await step.choose.writer(), protocolOf(sender), command)
    step.record.commands.push(attempt)
    return attempt
  }
  // Two at once with one key, as a client sends that does not wait for the first response.
  const twice = command.idempotencyKey !== undefined && chance(0.05)
  const attempts = await Promise.all([send(client), ...(twice ? [send(client + 1)] : [])])
  for (const { outcome } of attempts) learn(slot, command, outcome)
  if (slot.id !== undefined && chance(0.3)) await read(step, slot.version)
}

/** Of the reads that wait for a version, how many are of the totals, each of which costs most, and of the changes. */
const SHARE_OF_TOTALS = 0.05
const SHARE_OF_CHANGES = 0.1
/** Less than most aggregates have versions. */
const CHANGES_PER_PAGE = 5

async function read({ client, record, choose, random, slot }: Step, minVersion: number): Promise<void> {
  const { subject, id } = slot
  if (id === undefined) return
  const [reader, name] = [await choose.reader(), `client ${client}`]
  const query = { subject: subject.type, id, ...(minVersion > 0 && { minVersion }) }
  const kind = minVersion > 0 ? random() : 1
  if (kind < SHARE_OF_TOTALS) record.totals.push(await sendTotals(reader, name, query))
  else if (kind < SHARE_OF_TOTALS + SHARE_OF_CHANGES && subject.changes) {
    const page = { pageSize: CHANGES_PER_PAGE, whole: false }
    record.changes.push(await sendChanges(reader, name, query, page))
  } else record.reads.push(await sendQuery(reader, protocolOf(client), name, query))
}

function nextCommand(slot: Slot, random: Random): Command {
  const keyed = random() < SHARE_WITH_KEY
  const withKey = (command: Command): Command =>
    keyed ? { ...command, idempotencyKey: command.mark } : command
  if (slot.id !== undefined) return withKey(slot.subject.next(slot.id, random))
  // Without an id and without a response, a client can only repeat the command with its key.
  if (keyed && random() < 0.3) return withKey(slot.subject.create())
  return withKey(slot.subject.create((slot.id = randomUUID())))
}

function learn(slot: Slot, { type, id }: Command, outcome: Attempt['outcome']): void {
  if (slot.id !== undefined && slot.id !== id) return
  const gone =
    outcome.type === 'acknowledged'
      ? slot.subject.deletes(type)
      : 'code' in outcome && outcome.code === 'not_found'
  if (gone) Object.assign(slot, { id: undefined, version: 0 })
  else if (outcome.type === 'acknowledged')
    Object.assign(slot, { id: outcome.id, version: Math.max(slot.version, outcome.version) })
}

/** Commands with a key whose every attempt has an unknown outcome or a temporary refusal. */
function openCommands(attempts: readonly Attempt[]): Command[] {
  const keyed = attempts.filter(({ idempotencyKey }) => idempotencyKey !== undefined)
  return [...Map.groupBy(keyed, ({ mark }) => mark).values()].flatMap((same) => {
    const { subject, type, id, mark, idempotencyKey, input, unchangedIf } = same[0]!
    const command = {
      subject,
      type,
      mark,
      ...(id !== undefined && { id }),
      ...(input && { input }),
      ...(unchangedIf && { unchangedIf }),
    }
    return same.every(isOpen) ? [{ ...command, idempotencyKey: idempotencyKey! }] : []
  })
}

function isOpen({ outcome }: Attempt): boolean {
  return (
    outcome.type === 'unknown' || (outcome.type === 'nothing_done' && temporaryFailures.has(outcome.code))
  )
}

const REPEAT_WITHIN_MS = 30_000

async function repeatUntilKnown(choose: Choose, random: Random, command: Command, history: Recording) {
  const limit = Date.now() + REPEAT_WITHIN_MS
  while (Date.now() < limit) {
    const attempt = await sendCommand(await choose.writer(), pick(random, ['http', 'grpc']), command)
    history.commands.push(attempt)
    if (!isOpen(attempt)) return
    await sleep(200)
  }
}

/** Whether the aggregate's own rules refused the command: the service did its work. */
export function refusedByDomain({ outcome }: Attempt): boolean {
  return outcome.type === 'nothing_done' && !temporaryFailures.has(outcome.code)
}
