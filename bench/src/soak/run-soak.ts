import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { table } from '@lockstep/docs/markdown.ts'
import { copyLogs } from '@lockstep/e2e/system/keep-logs.ts'
import { readerUrl } from '../cases/get.ts'
import { CALLERS, writerUrl } from '../cases/create.ts'
import type { Bench } from '../case.ts'
import { openLoop } from '../load/open-loop.ts'
import { openBench } from '../run-cases.ts'
import { errorCount, judgeSoak, type Finding, type MemorySample, type Soak } from './judge-soak.ts'
import { type MixedTraffic, mixedTraffic } from './mixed-traffic.ts'

const PROBE_SECONDS = 20
const SAMPLE_MS = 5_000
/** Samples between two lines of progress: 5 min. */
const SAMPLES_PER_LINE = 60
/** The versions that a reader remembers fill a bounded map; at its default size that would take most of the hour. */
const boundedSooner = { READER_REMEMBERED_IDS: '5000' }
/** Long enough for the events of the last second. */
const LAST_EVENTS_MS = 60_000
const folder = join(import.meta.dirname, '../../../.local/bench')

/** `make soak MINUTES=60`: half of the highest rate of mixed requests, for so long. Exits non-zero on a finding. */
async function main(): Promise<number> {
  const minutes = Number(process.env.MINUTES ?? 60)
  if (!(minutes > 0)) throw new Error('MINUTES must be a number above 0.')
  const leak = `--import=${join(import.meta.dirname, 'planted-leak.ts')}`
  const env = { ...boundedSooner, ...(process.env.PLANT === 'leak' && { NODE_OPTIONS: leak }) }
  await using bench = await openBench({ rounds: 1, seconds: 1 }, env)
  using traffic = mixedTraffic(writerUrl(bench), readerUrl(bench))

  const highest = await highestRate(traffic)
  const perSecond = Math.max(1, Math.floor(highest / 2))
  console.log(`${CALLERS} callers reach ${highest.toFixed(0)}/s; ${minutes} min at ${perSecond}/s follow.`)
  // At the highest rate a read model may be behind for more than the wait of a query; at half of it, it may not.
  traffic.reset()
  await bench.pipeline.projected()
  const memory = await loadAndSample(bench, traffic, { minutes, perSecond })
  const lag = await lagAtTheEnd(bench)
  const { requests, errors } = traffic
  const soak: Soak = { minutes, perSecond, requests, errors, lag, memory }
  const findings = judgeSoak(soak)
  await report(soak, findings)
  const ok = findings.every((finding) => finding.ok)
  if (!ok) keepLogs(bench)
  return ok ? 0 : 1
}

/** After a warm-up of the same length. */
async function highestRate(traffic: MixedTraffic): Promise<number> {
  let rate = 0
  for (let round = 0; round < 2; round++) {
    const [began, before] = [performance.now(), traffic.requests]
    const caller = async () => {
      while (performance.now() - began < PROBE_SECONDS * 1_000) await traffic.next()
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    rate = (traffic.requests - before) / ((performance.now() - began) / 1_000)
  }
  return rate
}

async function loadAndSample(
  { meter }: Bench,
  traffic: MixedTraffic,
  { minutes, perSecond }: Pick<Soak, 'minutes' | 'perSecond'>,
): Promise<MemorySample[]> {
  const memory: MemorySample[] = []
  const began = performance.now()
  const sample = () => {
    const { writer, reader } = meter.residentMegabytes()
    const atMinute = (performance.now() - began) / 60_000
    memory.push({ atMinute, writer, reader })
    if (memory.length % SAMPLES_PER_LINE > 0) return
    const counts = `${traffic.requests} requests, ${errorCount(traffic.errors)} errors`
    console.log(
      `${atMinute.toFixed(0)} min: ${counts}, writer ${writer.toFixed(0)} MB, reader ${reader.toFixed(0)} MB`,
    )
  }
  const timer = setInterval(sample, SAMPLE_MS)
  try {
    await openLoop({ perSecond, seconds: minutes * 60, work: () => traffic.next() })
  } finally {
    clearInterval(timer)
  }
  return memory
}

async function lagAtTheEnd({ pipeline }: Bench): Promise<number> {
  await Promise.race([pipeline.projected(), sleep(LAST_EVENTS_MS)])
  return pipeline.backlog()
}

async function report({ minutes, perSecond, errors }: Soak, findings: readonly Finding[]): Promise<void> {
  const rows = findings.map(({ what, value, ok }) => [what, value, ok ? 'ok' : 'FAILED'])
  const text = [
    `# Soak of ${minutes} min at ${perSecond}/s, ${new Date().toISOString()}`,
    table(['Checked', 'Measured', 'Verdict'], rows),
    ...[...errors].map(([what, { count, first, last }]) => {
      const between = `between ${first.toISOString()} and ${last.toISOString()}`
      return `- ${count} times, ${between}: ${what}`
    }),
  ].join('\n\n')
  console.log(`\n${text}`)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'soak.md'), `${text}\n`)
}

/** The stack's folder is thrown away at the end. */
function keepLogs({ stack }: Bench): void {
  const to = join(folder, 'soak-logs')
  copyLogs(stack.settings.LOCAL_DIR, to)
  console.log(`\nThe logs are in ${to}.`)
}

process.exitCode = await main()
