import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { killBelow } from '../processes.ts'

/** Where a server's data are initialised. A killed launcher may have left a running program there. */
export function setupDir(home: string): string {
  return join(home, 'setup')
}

/**
 * Creates the folder `data` of a server. It is renamed to `data` when it is complete, because a killed initialisation
 * leaves a folder that looks complete.
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
