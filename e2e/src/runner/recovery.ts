import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendCommand } from '../clients/send-command.ts'
import { sendQuery } from '../clients/send-query.ts'
import type { Recovery } from '../evidence/evidence.ts'
import type { Reader, Writer } from '../system/services.ts'
import type { World } from '../scenarios/scenario.ts'

/** Sends a command through each writer until it is acknowledged, and reads it through each reader until it is there. */
export async function recover(
  { stack, traffic }: World,
  { healedAt, withinMs }: { healedAt: number; withinMs: number },
): Promise<Recovery[]> {
  const limit = healedAt + withinMs

  const created = async (writer: Writer): Promise<string | undefined> => {
    while (Date.now() < limit) {
      const command = { type: 'create', id: randomUUID(), mark: randomUUID() } as const
      const attempt = await sendCommand(writer, 'http', command)
      traffic.history.commands.push(attempt)
      if (attempt.outcome.type === 'acknowledged') return command.id
      await sleep(50)
    }
    return undefined
  }
  const readableAt = async (reader: Reader, id: string): Promise<number | undefined> => {
    while (Date.now() < limit) {
      const read = await sendQuery(reader, 'grpc', 'probe', { id, minVersion: 1 })
      traffic.history.reads.push(read)
      if (read.answer.type === 'found') return read.answeredAt
      await sleep(50)
    }
    return undefined
  }
  const ways = stack.writers.map(async (writer) => {
    const id = await created(writer)
    return Promise.all(
      stack.readers.map(async (reader): Promise<Recovery> => {
        const at = id === undefined ? undefined : await readableAt(reader, id)
        return { writer: writer.name, reader: reader.name, healedAt, readableAt: at }
      }),
    )
  })
  return (await Promise.all(ways)).flat()
}
