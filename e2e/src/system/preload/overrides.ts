import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stack } from '../stack.ts'

/** What a service changes in itself when it starts, from a file in the stack's folder: see preload.ts. */
export type Overrides = {
  /** Milliseconds by which the clocks are ahead, by the names of processes. */
  clocks?: Readonly<Record<string, number>>
  /** The name of a bug in planted-bugs/bugs.ts. */
  bug?: string
}

const fileIn = (dir: string) => join(dir, 'overrides.json')

/** Settings with which every service reads the overrides when it starts. */
export function withPreload(dir: string): Record<string, string> {
  return {
    FAULTS_OVERRIDES: fileIn(dir),
    NODE_OPTIONS: `--import=${join(import.meta.dirname, 'preload.ts')}`,
  }
}

/** For processes that start later. */
export async function override({ dir }: Pick<Stack, 'dir'>, overrides: Overrides): Promise<void> {
  await writeFile(fileIn(dir), JSON.stringify(overrides))
}

export const setClocks = (stack: Pick<Stack, 'dir'>, clocks: Overrides['clocks']) =>
  override(stack, clocks === undefined ? {} : { clocks })
