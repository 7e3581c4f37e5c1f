import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UsageError } from './parse-arguments.ts'
import type { SliceFile } from './slice-files.ts'

/** Writes the files below `root`. Throws a UsageError, and writes nothing, if one of them or of `folders` exists. */
export async function writeFiles(
  root: string,
  folders: readonly string[],
  files: readonly SliceFile[],
): Promise<void> {
  const existing = [...folders, ...files.map(({ path }) => path)].filter((path) =>
    existsSync(join(root, path)),
  )
  if (existing.length > 0) {
    throw new UsageError(
      `nothing was written, because these exist:\n${existing.map((path) => `  ${path}`).join('\n')}\nchoose another name, or remove that aggregate from the two lists and delete these`,
    )
  }
  for (const { path, text } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text, { flag: 'wx' })
  }
}
