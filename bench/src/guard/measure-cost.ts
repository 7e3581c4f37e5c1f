import { inParallel } from '@lockstep/e2e/demo/in-parallel.ts'
import { percentile } from '@lockstep/e2e/demo/percentile.ts'
import { eventually } from '@lockstep/e2e/system/eventually.ts'
import type { Service } from '@lockstep/e2e/system/services.ts'
import type { Stack } from '@lockstep/e2e/system/stack.ts'
import { eventsTopic, projectionGroup } from '@lockstep/contracts/topics.ts'
import { brokerView, type BrokerView } from '@lockstep/testkit/kafka/broker-view.ts'
import { keepAlive, type KeepAlive } from '../load/keep-alive.ts'
import { cpuMeter, spent } from '../measure/cpu-meter.ts'
import { runReferenceLoop } from './reference-loop.ts'

/** Iterations of the reference loop that take as much CPU time. */
export type Cost = { command: number; event: number }

const CALLERS = 32
const COMMANDS = 1_000
/** The first thousands of commands of a service that has just started cost up to twice as much. */
const WARM_UP = 12_000
const ROUNDS = 11

/** With more, other programs use the cores: batches are smaller and caches cold, so that every command costs more. */
const MOST_CONTENTION = 1.3

/**
 * The cost of a create by this writer, and of the projection of its event, in the stack. Undefined if other programs
 * used the cores in every round.
 */
export async function measureCost(stack: Stack, writer: Pick<Service, 'http'>): Promise<Cost | undefined> {
  if (isBusy()) return undefined
  const meter = cpuMeter(stack.dir)
  await using broker = await brokerView(stack.servers.kafka.brokers)
  using client = keepAlive(writer.http.url)
  await createAndProject(stack, broker, client, WARM_UP)

  const costs: Cost[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const loopBefore = runReferenceLoop()
    const before = meter.read()
    await createAndProject(stack, broker, client, COMMANDS)
    const used = spent(before, meter.read())
    const loopAfter = runReferenceLoop()
    if (Math.max(loopBefore.contention, loopAfter.contention) > MOST_CONTENTION) continue
    const loop = (loopBefore.micros + loopAfter.micros) / 2
    const perOperation = (seconds: number) => (seconds * 1e6) / COMMANDS / loop
    costs.push({ command: perOperation(used.writer), event: perOperation(used.reader) })
  }
  if (costs.length === 0) return undefined
  // What other programs do only adds, but the cheapest round alone varies more.
  const lowerQuartile = (of: keyof Cost) => {
    const values = costs.map((cost) => cost[of])
    return percentile(values, 0.25)
  }
  return { command: lowerQuartile('command'), event: lowerQuartile('event') }
}

/** Whether other programs use the cores before the measurement begins; one loop may meet the end of a start. */
function isBusy(): boolean {
  const loops = Array.from({ length: 3 }, runReferenceLoop)
  return loops.every(({ contention }) => contention > MOST_CONTENTION)
}

async function createAndProject(
  { postgres }: Stack,
  broker: BrokerView,
  client: KeepAlive,
  count: number,
): Promise<void> {
  const product = {
    name: 'Blue enamel teapot',
    description: 'Holds 1.2 l; dishwasher safe.',
    category: 'kitchen',
    priceCents: 3490,
  }
  await inParallel(Array.from({ length: count }), CALLERS, async () => {
    const { status, body } = await client.send('POST', '/api/v1/products', product)
    if (status !== 201) throw new Error(`the writer responded ${status}: ${body}`)
  })
  await eventually(
    async () => {
      const { rowCount } = await postgres.query('select from outbox limit 1')
      if (rowCount !== 0) throw new Error('the outbox has entries')
      const lag = await broker.uncommitted(projectionGroup('product'), eventsTopic('product'))
      if (lag > 0) throw new Error(`${lag} events are not projected`)
    },
    { withinMs: 60_000, everyMs: 20 },
  )
}
