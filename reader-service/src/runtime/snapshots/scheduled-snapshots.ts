import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PARTIAL, saveArchive } from '@lockstep/core/archive/archive-file.ts'
import { repeat } from '@lockstep/core/async/repeat.ts'
import { withTimeout } from '@lockstep/core/async/with-timeout.ts'
import type { Log } from '@lockstep/core/log/log.ts'
import type { SaveSnapshot } from './save-snapshot.ts'

/** How often it looks for snapshots that are due, at most; a failed one is repeated then. */
const POLL_MS = 60_000
/** A temporary file that is older belongs to a process that died. */
const ABANDONED_AFTER_MS = 86_400_000
const STOP_TIMEOUT_MS = 3_000

type SnapshotSchedule = { everyMs: number; folder: string; kept: number }

/**
 * Saves each read model whenever its newest file in the folder is older than `everyMs`, also after a restart, and
 * removes all but the newest files of it.
 */
export function startScheduledSnapshots(
  options: SnapshotSchedule & { snapshots: ReadonlyMap<string, SaveSnapshot>; log: Log },
): AsyncDisposable {
  const { snapshots, everyMs, log } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const saving = repeat(
    async () => {
      for (const [readModel, save] of snapshots) {
        if (signal.aborted) return
        try {
          await saveIfDue({ ...options, readModel, save, signal })
        } catch (error) {
          if (!signal.aborted) log.warn({ err: error, readModel }, 'failed to save a snapshot')
        }
      }
    },
    Math.min(everyMs, POLL_MS),
  )
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      // It may wait for a database that does not respond.
      await withTimeout(saving[Symbol.asyncDispose](), STOP_TIMEOUT_MS)
    },
  }
}

async function saveIfDue(
  options: SnapshotSchedule & { readModel: string; save: SaveSnapshot; signal: AbortSignal; log: Log },
): Promise<void> {
  const { readModel, save, everyMs, folder, kept, signal, log } = options
  await mkdir(folder, { recursive: true })
  const now = new Date()
  const newest = (await filesOf(readModel, folder))[0]
  if (newest !== undefined && newest > fileName(readModel, new Date(now.getTime() - everyMs))) return
  const file = fileName(readModel, now)
  const { count, bytes } = await saveArchive(join(folder, file), until(signal, save()))
  log.info({ readModel, file, documents: count, bytes }, 'saved a snapshot')
  for (const old of (await filesOf(readModel, folder)).slice(kept))
    await rm(join(folder, old), { force: true })
  await removeAbandoned(folder, now)
}

async function* until<T>(signal: AbortSignal, chunks: AsyncIterable<T>): AsyncGenerator<T> {
  for await (const chunk of chunks) {
    signal.throwIfAborted()
    yield chunk
  }
}

/** The names sort in the order of their times. */
function fileName(readModel: string, at: Date): string {
  return `${readModel}-${at.toISOString().replaceAll(/[-:.]/g, '')}.snapshot.gz`
}

/** Newest first. */
async function filesOf(readModel: string, folder: string): Promise<string[]> {
  const pattern = new RegExp(`^${readModel}-\\d{8}T\\d{9}Z\\.snapshot\\.gz$`)
  return (await readdir(folder))
    .filter((name) => pattern.test(name))
    .toSorted()
    .toReversed()
}

async function removeAbandoned(folder: string, now: Date): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(PARTIAL)) continue
    const { mtimeMs } = await stat(join(folder, name))
    if (now.getTime() - mtimeMs > ABANDONED_AFTER_MS) await rm(join(folder, name), { force: true })
  }
}
