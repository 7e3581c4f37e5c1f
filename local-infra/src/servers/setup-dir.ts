import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { killBelow } from '../processes.ts'

/** Where a server's data are made; a launcher that was killed may have left a program at work in there. */
export function setupDir(home: string): string {
  return join(home, 'setup')
}

/**
 * Makes the folder `data` of a server. It gets its name when it is complete: what initialises data and is killed
 * in the middle leaves something that looks complete.
 */
export async function makeData(
  home: string,
  make: (draft: string, cwd: string) => Promise<void>,
): Promise<void> {
  const setup = setupDir(home)
  await killBelow(setup)
  await rm(setup, { recursive: true, force: true })
  await mkdir(setup)
  await make(join(setup, 'data'), setup)
  await rename(join(setup, 'data'), join(home, 'data'))
}
