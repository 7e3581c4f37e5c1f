import { join } from 'node:path'
import type { Work } from '../measure/alternate.ts'
import { runProgram } from './run-program.ts'

const script = join(import.meta.dirname, 'requests.lua')

export type HttpLoad = {
  /** The origin: http://host:port */
  url: string
  kind: 'create' | 'get' | 'search' | 'patch' | 'receive' | 'reserve'
  /** A file with one id per line; for searches, with one encoded text. */
  ids?: string
  callers: number
  seconds: number
}

type Result = {
  requests: number
  seconds: number
  p50Ms: number
  p99Ms: number
  /** Responses that are not 2xx. */
  refused: number
  /** Connections that broke. */
  broken: number
  /** Responses after more than 10 s. */
  late: number
}

/** Callers that send one request after the other over HTTP. wrk is written in C: it takes a few µs per request. */
export async function httpLoad({ url, kind, ids, callers, seconds }: HttpLoad): Promise<Work> {
  const options = ['--threads', '1', '--connections', String(callers), '--duration', `${seconds}s`]
  const parameters = [
    ...options,
    '--timeout',
    '10s',
    '--script',
    script,
    url,
    '--',
    kind,
    ...(ids ? [ids] : []),
  ]
  const output = await runProgram('wrk', parameters)
  const line = output.split('\n').find((each) => each.startsWith('{'))
  if (line === undefined) throw new Error(`wrk printed no result:\n${output}`)
  const result = JSON.parse(line) as Result
  const { requests: count, p50Ms, p99Ms, refused, broken, late } = result
  if (refused + broken + late > 0) {
    throw new Error(
      `of ${count} responses to ${kind}, ${refused} were refusals; ${broken} connections broke, ${late} were late`,
    )
  }
  return { count, seconds: result.seconds, p50Ms, p99Ms }
}
