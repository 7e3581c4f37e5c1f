import type { Attempt, History, Read, TimelineEntry } from '../evidence/history.ts'

/** What happened to one product beside what was done to the system meanwhile, a line each, in the order of time. */
export function story(id: string, history: History, timeline: readonly TimelineEntry[]): string[] {
  const events = [
    ...history.commands.filter((attempt) => productOf(attempt) === id).flatMap(ofCommand),
    ...history.reads.filter((read) => read.id === id).map(ofRead),
    ...timeline.map(({ at, what }) => ({ at, what: `=== ${what}` })),
  ]
  return events
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, what }) => `${new Date(at).toISOString().slice(11)} ${what}`)
}

function productOf({ id, outcome }: Attempt): string | undefined {
  return outcome.type === 'acknowledged' ? outcome.id : id
}

function ofCommand({ type, mark, writer, protocol, sentAt, answeredAt, outcome }: Attempt): TimelineEntry[] {
  const name = `${type} ${mark.slice(0, 8)} ${protocol} ${writer}`
  const answer = outcome.type === 'acknowledged' ? `version ${outcome.version}` : outcome.code
  return [
    { at: sentAt, what: `-> ${name}` },
    { at: answeredAt, what: `<- ${name}: ${outcome.type} ${answer}` },
  ]
}

function ofRead({ protocol, connection, minVersion, sentAt, answeredAt, answer }: Read): TimelineEntry {
  const asked = minVersion === undefined ? 'read' : `read min_version ${minVersion}`
  const told = { found: 'version', not_found: 'not found', failed: 'failed' }[answer.type]
  const detail =
    answer.type === 'found' ? answer.product.version : answer.type === 'failed' ? answer.code : ''
  const where = `${protocol} ${connection ?? '(the process changed)'}`
  return { at: answeredAt, what: `<- ${asked} ${where} after ${answeredAt - sentAt} ms: ${told} ${detail}` }
}
