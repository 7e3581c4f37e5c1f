import { queriesOf, type Attempt, type History, type TimelineEntry } from '../evidence/history.ts'

/** What happened to one aggregate beside what happened to the system, a line each, in the order of time. */
export function timelineOf(id: string, history: History, timeline: readonly TimelineEntry[]): string[] {
  const entries = [
    ...history.commands.filter((attempt) => idOf(attempt) === id).flatMap(ofCommand),
    ...queriesOf(history)
      .filter((read) => read.id === id)
      .map(ofRead),
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

/** The version, or the versions of a history, or the totals. */
function foundText(result: AnyRead['result']): string {
  if ('state' in result) return `version ${result.state.version}`
  if ('entries' in result) return `changes of ${result.entries.map(({ version }) => version).join(', ')}`
  return `totals ${JSON.stringify('groups' in result && result.groups)}`
}

type AnyRead = ReturnType<typeof queriesOf>[number]

function ofRead({ protocol, connection, minVersion, sentAt, completedAt, result }: AnyRead): TimelineEntry {
  const query = minVersion === undefined ? 'read' : `read min_version ${minVersion}`
  const text = {
    found: () => foundText(result),
    not_found: () => 'not found',
    failed: () => `failed ${'code' in result && result.code}`,
  }[result.type]()
  const where = `${protocol} ${connection ?? '(the process changed)'}`
  return { at: completedAt, what: `<- ${query} ${where} after ${completedAt - sentAt} ms: ${text}` }
}
