import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

export function cacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep')
}

/**
 * A folder of the cache that `build` fills once. It gets its name when it is complete, so a killed build is repeated,
 * and of two builds at the same time the first to finish provides the folder for both.
 */
export async function cached(name: string, build: (dir: string) => Promise<void>): Promise<string> {
  const home = join(cacheDir(), name)
  if (existsSync(home)) return home
  await mkdir(dirname(home), { recursive: true })
  const draft = await mkdtemp(`${home}.draft-`)
  try {
    await build(draft)
    await rename(draft, home)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!existsSync(home)) throw error
  }
  return home
}

/** A short name that changes with the content. */
export function fingerprint(...content: (string | Buffer)[]): string {
  const hash = createHash('sha256')
  for (const part of content) hash.update(part).update('\0')
  return hash.digest('hex').slice(0, 12)
}
