import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { brokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { sendTotals } from '../clients/send-query.ts'
import type { GroupTotals } from '../evidence/history.ts'
import { subjectOf } from '../subjects/all.ts'
import type { Reader } from '../system/services.ts'
import { eventually } from '../system/eventually.ts'
import { startStack } from '../system/stack.ts'
import { movingProducts } from './moving-products.ts'

const KILLS = 9
const POLL_MS = 500

/**
 * `make exact_totals`: publishes the events of many products that move between categories, kills the readers and MongoDB
 * in turn while they are consumed, and compares the totals with the fold of the events.
 */
async function main(products: number, events: number): Promise<number> {
  const { readModel } = subjectOf('product').totals
  const settings = () => ({ READER_READ_MODELS: readModel })
  await using stack = await startStack({ readers: 2, settings })
  await using broker = await brokerView(stack.servers.kafka.brokers)
  const { mongo } = stack.servers
  const moving = movingProducts(products, events)
  console.log(`${events} events of ${products} products, in ${moving.records} records`)

  const began = performance.now()
  let published = 0
  const consumed = async () =>
    (published - (await broker.uncommitted(projectionGroup(readModel), eventsTopic('product')))) /
    moving.records
  const victims = [...stack.readers.map(({ process }) => process), mongo]
  const [, memory] = await Promise.all([
    moving.publish(broker, (records) => (published += records)),
    killed(victims, consumed, began),
  ])
  console.log(`${seconds(began)} s: all records are consumed`)
  const peaks = victims.map((server, index) => `${server.name} ${memory[index]} MB`).join(', ')
  console.log(`memory at most: ${peaks}; the files of MongoDB have ${megabytesIn(mongo.dir)} MB`)

  const expected = moving.totals()
  const wrong = await Promise.all(stack.readers.map((reader) => differences(reader, expected)))
  for (const line of wrong.flat()) console.log(line)
  const exact = wrong.flat().length === 0
  console.log(`${expected.length} categories; the totals are ${exact ? 'exact' : 'WRONG'}`)
  return exact ? 0 : 1
}

/** Kills them in turn until everything is consumed. Returns the most memory that each of them had, in MB. */
async function killed(
  victims: readonly Server[],
  consumed: () => Promise<number>,
  began: number,
): Promise<number[]> {
  const peaks = victims.map(() => 0)
  for (let kills = 0, share = 0; share < 1;) {
    await sleep(POLL_MS)
    share = await consumed()
    for (const [index, { pid }] of victims.entries())
      peaks[index] = Math.max(peaks[index]!, residentMegabytes(pid))
    if (kills === KILLS || share < (kills + 1) / (KILLS + 1)) continue
    const victim = victims[kills++ % victims.length]!
    console.log(`${seconds(began)} s: ${Math.round(100 * share)}% is consumed; kill -9 ${victim.name}`)
    await victim.kill()
    await victim.start()
  }
  return peaks
}

async function differences(reader: Reader, expected: readonly GroupTotals[]): Promise<string[]> {
  const groupsNow = async () => {
    const { result } = await sendTotals(reader, 'at the end', { subject: 'product' })
    if (result.type !== 'found') throw new Error(`${reader.name} responds ${JSON.stringify(result)}`)
    return result.groups
  }
  // MongoDB may have been killed just now.
  const found = new Map((await eventually(groupsNow, { withinMs: 60_000 })).map((each) => [each.group, each]))
  const groups = new Set([...found.keys(), ...expected.map(({ group }) => group)])
  const right = new Map(expected.map((each) => [each.group, each]))
  return [...groups]
    .filter((group) => !isDeepStrictEqual(found.get(group), right.get(group)))
    .map((group) => {
      const [is, must] = [found.get(group), right.get(group)].map((totals) => JSON.stringify(totals))
      return `${reader.name}: ${group} is ${is}, the events produce ${must}`
    })
}

const seconds = (since: number) => Math.round((performance.now() - since) / 1_000)

/** 0 on systems without /proc, and for a process that has ended. */
function residentMegabytes(pid: number | undefined): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Math.round(Number(kilobytes) / 1_024)
  } catch {
    return 0
  }
}

function megabytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  const bytes = files.map((file) => statSync(file)).filter((file) => file.isFile())
  return Math.round(bytes.reduce((sum, { size }) => sum + size, 0) / 1_048_576)
}

/** A whole number from the environment. */
function count(name: string, otherwise: number): number {
  const text = process.env[name] ?? ''
  if (text === '') return otherwise
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  console.error(`${name} must be a whole number, as in make exact_totals ${name}=10000; it is "${text}"`)
  process.exit(2)
}

process.exitCode = await main(count('PRODUCTS', 100_000), count('EVENTS', 1_000_000))
