import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { CaseResult } from '../case.ts'

export type StoredCase = CaseResult & {
  name: string
  title: string
  /** When it ended, RFC 3339. */
  at: string
  /** The load average of the machine before it. */
  load: number
  rounds: number
  seconds: number
  tookSeconds: number
}

export type Results = { machine: string; cases: Record<string, StoredCase> }

const folder = join(import.meta.dirname, '../../../.local/bench')
const file = join(folder, 'results.json')

export async function readResults(): Promise<Results> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Results
  } catch {
    return { machine: '', cases: {} }
  }
}

/** Replaces the result of this case. The results of another machine are removed. */
export async function keepResult(result: StoredCase): Promise<void> {
  const machine = machineText()
  const before = await readResults()
  const cases = before.machine === machine ? before.cases : {}
  await mkdir(folder, { recursive: true })
  const after: Results = { machine, cases: { ...cases, [result.name]: result } }
  await writeFile(file, `${JSON.stringify(after, undefined, 2)}\n`)
}

function machineText(): string {
  const model = cpus()[0]?.model ?? 'unknown processor'
  return `${cpus().length} × ${model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`
}
