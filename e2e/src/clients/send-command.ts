import type { Attempt, Command, Protocol } from '../evidence/history.ts'
import { subjectOf } from '../subjects/all.ts'
import type { Writer } from '../system/services.ts'

/** Sends the command once and records its outcome. */
export async function sendCommand<C extends Command>(
  writer: Writer,
  protocol: Protocol,
  command: C,
): Promise<Attempt & C> {
  const sentAt = Date.now()
  const outcome = await subjectOf(command.subject).send(writer, protocol, command)
  return { ...command, writer: writer.name, protocol, sentAt, completedAt: Date.now(), outcome }
}
