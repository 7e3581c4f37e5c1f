import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ArchiveError, type OpenArchive } from '@lockstep/core/archive/archive.ts'
import { checkContract, refused } from '@lockstep/core/archive/contract.ts'
import { repeat } from '@lockstep/core/async/repeat.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import type { GenerationStep } from '../rebuild/generations.ts'
import {
  rebuildInstead,
  twoGenerations,
  type OnProgress,
  type RebuildOperations,
} from '../rebuild/rebuild-operations.ts'
import { CLAIM_MS } from '../rebuild/rebuild-worker.ts'
import type { SnapshotPorts } from './save-snapshot.ts'
import { snapshotHeader, type SnapshotHeader } from './snapshot-header.ts'

/** Documents per write: queries of the same database do not wait long for one write. */
const WRITE_SIZE = 100
/** While the database does not respond, a write is repeated for about this long: nearly as long as a claim lasts. */
const REPEAT_FOR_MS = 15_000
/** How long it waits for the end of an earlier restore whose replica died: its claim expires, then it is dropped. */
const WAIT_FOR_EARLIER_MS = 90_000
const POLL_MS = 500

/** Resolves when the restored generation is active. */
export type RestoreSnapshot = (archive: OpenArchive, onProgress: OnProgress) => Promise<void>

export type RestorePorts = SnapshotPorts & {
  prepare: (generation: number) => Promise<void>
  operations: Pick<RebuildOperations, 'follow'>
  log: Log
}

/**
 * Copies a snapshot into a new generation that nothing feeds. Once the file has proved to be whole, the rebuild's
 * worker continues as after a backfill, from the offsets of the file: it catches up and audits the generation before it
 * makes it active. If this process dies, its claim expires and the generation is dropped; the caller begins again.
 */
export function restoreSnapshot(ports: RestorePorts): RestoreSnapshot {
  const { readModel, registry, operations, log } = ports
  return async (archive, onProgress) => {
    const header = snapshotHeader(archive.header)
    await checkFits(ports, archive, header)
    const owner = randomUUID()
    const number = await begin(ports, header, owner)
    const step: GenerationStep = { number, phase: 'restoring' }
    // The caller may be slow: the claim does not depend on its pace.
    const keeping = repeat(async () => {
      await registry.claim(step, owner, CLAIM_MS).catch(() => {})
    }, CLAIM_MS / 4)
    try {
      const copied = await copy({ ports, archive, step, owner })
      const change = { phase: 'setting_offsets', copied, total: copied } as const
      if (!(await repeated(() => registry.advance(step, owner, change)))) throw claimLost()
      log.info({ readModel, generation: number, copied }, 'the snapshot is complete')
    } catch (error) {
      // If this fails too, the claim expires, and another replica does it.
      await registry
        .drain(step)
        .then(() => registry.release(step, owner))
        .catch(() => {})
      throw error
    } finally {
      await keeping[Symbol.asyncDispose]()
    }
    await registry.release({ number, phase: 'setting_offsets' }, owner).catch(() => {})
    await operations.follow(number, onProgress)
  }
}

async function checkFits(ports: RestorePorts, archive: OpenArchive, header: SnapshotHeader): Promise<void> {
  const { readModel, groups, contract } = ports
  if (header.readModel !== readModel) {
    throw new AppError('malformed', `The file is a snapshot of ${header.readModel}, and not of ${readModel}`)
  }
  checkContract(archive.header, contract())
  const advice = rebuildInstead(readModel)
  const cluster = await groups.cluster()
  if (header.cluster !== cluster) {
    throw refused(
      `The snapshot is from the Kafka cluster ${header.cluster}, and this is ${cluster}; ${advice}`,
    )
  }
  const gap = await groups.gapAfter(header.offsets)
  if (gap !== undefined)
    throw refused(`The topic does not have all events after the snapshot: ${gap}; ${advice}`)
}

/** Returns the number of the new generation. Waits while an earlier restore ends. */
async function begin(
  ports: RestorePorts,
  { total, offsets }: SnapshotHeader,
  owner: string,
): Promise<number> {
  const { readModel, registry } = ports
  const limit = Date.now() + WAIT_FOR_EARLIER_MS
  for (;;) {
    const number = await registry.begin(total, { offsets, owner, forMs: CLAIM_MS })
    if (number !== undefined) return number
    const { active, generations } = await registry.read()
    const other = generations.find((each) => each.number !== active)
    if (other && !['restoring', 'draining', 'dropping'].includes(other.phase)) throw twoGenerations(readModel)
    if (Date.now() > limit) {
      throw new AppError('unavailable', `Another snapshot of ${readModel} is being restored; try again later`)
    }
    await sleep(POLL_MS)
  }
}

async function copy(options: {
  ports: RestorePorts
  archive: OpenArchive
  step: GenerationStep
  owner: string
}): Promise<number> {
  const { ports, archive, step, owner } = options
  const { registry, documentsOf, prepare } = ports
  const documents = documentsOf(step.number)
  await prepare(step.number)
  let copied = 0
  let lines: string[] = []
  const write = async () => {
    if (lines.length === 0) return
    copied += lines.length
    if (!(await repeated(() => registry.advance(step, owner, { copied })))) throw claimLost()
    await repeated(() => documents.load(lines))
    lines = []
  }
  for await (const line of archive.entries) {
    lines.push(line)
    if (lines.length >= WRITE_SIZE) await write()
  }
  await write()
  return copied
}

/** A short outage of the database must not make the caller send the whole file again. */
async function repeated<T>(write: () => Promise<T>): Promise<T> {
  const limit = Date.now() + REPEAT_FOR_MS
  for (;;) {
    try {
      return await write()
    } catch (error) {
      if (error instanceof ArchiveError || Date.now() > limit) throw error
    }
    await sleep(POLL_MS)
  }
}

function claimLost(): AppError {
  return new AppError('unavailable', 'The restore took too long or its generation was dropped; restore again')
}
