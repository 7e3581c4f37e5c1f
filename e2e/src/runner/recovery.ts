import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendCommand } from '../clients/send-command.ts'
import { sendChanges, sendQuery, sendTotals } from '../clients/send-query.ts'
import type { Recovery } from '../evidence/evidence.ts'
import type { Injection } from '../scenarios/scenario.ts'
import { subjects } from '../subjects/all.ts'
import type { Subject } from '../subjects/subject.ts'
import type { Reader, Writer } from '../system/services.ts'

/**
 * Sends a command of each subject through each writer until it is acknowledged, and reads it through each reader, from
 * every read model.
 */
export async function recover(
  { stack, traffic }: Injection,
  { healedAt, withinMs }: { healedAt: number; withinMs: number },
): Promise<Recovery[]> {
  const limit = healedAt + withinMs

  const created = async (subject: Subject, writer: Writer): Promise<string | undefined> => {
    while (Date.now() < limit) {
      const id = randomUUID()
      const attempt = await sendCommand(writer, 'http', subject.create(id))
      traffic.history.commands.push(attempt)
      if (attempt.outcome.type === 'acknowledged') return id
      await sleep(50)
    }
    return undefined
  }
  const readableAt = async ({ type: subject, changes }: Subject, reader: Reader, id: string) => {
    const query = { subject, id, minVersion: 1 }
    const { history } = traffic
    const page = { pageSize: 1, whole: false }
    const kinds = [
      async () => recorded(history.reads, await sendQuery(reader, 'grpc', 'probe', query)),
      async () => recorded(history.totals, await sendTotals(reader, 'probe', query)),
      ...(changes
        ? [async () => recorded(history.changes, await sendChanges(reader, 'probe', query, page))]
        : []),
    ]
    while (Date.now() < limit) {
      const { result, completedAt } = await kinds[0]!()
      if (result.type === 'found') kinds.shift()
      else await sleep(50)
      if (kinds.length === 0) return completedAt
    }
    return undefined
  }
  const ways = subjects.flatMap((subject) => stack.writers.map((writer) => ({ subject, writer })))
  const recoveries = ways.map(async ({ subject, writer }) => {
    const id = await created(subject, writer)
    return Promise.all(
      stack.readers.map(async (reader): Promise<Recovery> => {
        const at = id === undefined ? undefined : await readableAt(subject, reader, id)
        return { writer: writer.name, reader: reader.name, healedAt, readableAt: at }
      }),
    )
  })
  return (await Promise.all(recoveries)).flat()
}

function recorded<R>(reads: R[], read: R): R {
  reads.push(read)
  return read
}
