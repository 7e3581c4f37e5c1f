import type { Attempt, History, Read, TimelineEntry } from '../evidence/history.ts'

/** What happened to one aggregate beside what happened to the system, a line each, in the order of time. */
export function timelineOf(id: string, history: History, timeline: readonly TimelineEntry[]): string[] {
  const entries = [
    ...history.commands.filter((attempt) => idOf(attempt) === id).flatMap(ofCommand),
    ...history.reads.filter((read) => read.id === id).map(ofRead),
    ...timeline.map(({ at, what }) => ({ at, what: `=== ${what}` })),
  ]
  return entries
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what }) => `${new Date(at).toISOString().slice(11)} ${what}`)
}

function idOf({ id, outcome }: Attempt): string | undefined {
  return outcome.type === 'acknowledged' ? outcome.id : id
}

function ofCommand({ type, mark, writer, protocol, sentAt, completedAt, outcome }: Attempt): TimelineEntry[] {
  const name = `${type} ${mark.slice(0, 8)} ${protocol} ${writer}`
  const result = outcome.type === 'acknowledged' ? `version ${outcome.version}` : outcome.code
  return [
    { at: sentAt, what: `-> ${name}` },
    { at: completedAt, what: `<- ${name}: ${outcome.type} ${result}` },
  ]
}

function ofRead({ protocol, connection, minVersion, sentAt, completedAt, result }: Read): TimelineEntry {
  const query = minVersion === undefined ? 'read' : `read min_version ${minVersion}`
  const text = {
    found: () => `version ${'state' in result && result.state.version}`,
    not_found: () => 'not found',
    failed: () => `failed ${'code' in result && result.code}`,
  }[result.type]()
  const where = `${protocol} ${connection ?? '(the process changed)'}`
  return { at: completedAt, what: `<- ${query} ${where} after ${completedAt - sentAt} ms: ${text}` }
}
