import { createReadStream } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { openArchive, type ArchiveHeader } from './archive.ts'

export type VerifiedArchive = { header: ArchiveHeader; count: number; bytes: number }

/** The name of a file that is being written. It has the final name only when it is complete and on disk. */
export const PARTIAL = '.partial'

/**
 * Writes the bytes to a temporary file beside `path`, verifies it, and gives it its name, in place of a file that has
 * the name already. After an error or a crash, `path` is as it was before.
 */
export async function saveArchive(path: string, chunks: AsyncIterable<Uint8Array>): Promise<VerifiedArchive> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}${PARTIAL}`)
  try {
    await writeAll(temporary, chunks)
    const verified = await verifyArchive(temporary)
    await rename(temporary, path)
    await using folder = await open(dirname(path))
    await folder.sync()
    return verified
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Reads before it opens the file: an error of a call that nothing awaits yet would end the process. */
async function writeAll(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await using scope = new AsyncDisposableStack()
  let file: FileHandle | undefined
  for await (const chunk of chunks) {
    file ??= scope.use(await open(path, 'w', 0o600))
    await file.writeFile(chunk)
  }
  await file?.sync()
}

/** Reads the whole file. Rejects with an ArchiveError if it is not a complete and unaltered archive. */
export async function verifyArchive(path: string): Promise<VerifiedArchive> {
  let bytes = 0
  async function* chunks() {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      yield chunk
    }
  }
  const { header, entries } = await openArchive(chunks())
  for (;;) {
    const next = await entries.next()
    if (next.done) return { header, count: next.value.count, bytes }
  }
}
