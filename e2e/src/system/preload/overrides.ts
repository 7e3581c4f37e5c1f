import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stack } from '../stack.ts'

/** What a process is told at its start by a file in the stack's folder: see preload.ts. */
export type Orders = {
  /** Milliseconds by which the clocks are ahead, by the names of processes. */
  clocks?: Readonly<Record<string, number>>
  /** The name of a bug of planted/bugs.ts. */
  bug?: string
}

const fileIn = (dir: string) => join(dir, 'orders.json')

/** Has every service look for orders when it starts. */
export function withPreload(dir: string): Record<string, string> {
  return {
    FAULTS_ORDERS: fileIn(dir),
    NODE_OPTIONS: `--import=${join(import.meta.dirname, 'preload.ts')}`,
  }
}

/** For processes that start from now on. */
export async function order({ dir }: Pick<Stack, 'dir'>, orders: Orders): Promise<void> {
  await writeFile(fileIn(dir), JSON.stringify(orders))
}

export const setClocks = (stack: Pick<Stack, 'dir'>, clocks: Orders['clocks']) =>
  order(stack, clocks === undefined ? {} : { clocks })
