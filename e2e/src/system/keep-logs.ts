import { copyFileSync, globSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { lastLines } from '@lockstep/local-infra/server.ts'
import type { Stack } from './stack.ts'

/**
 * Copies the logs of all processes, also of those that a test started and that ended, prints the ends of the services'
 * logs, and returns the folder.
 */
export function keepLogs({ dir }: Pick<Stack, 'dir'>, parent: string, name: string): string {
  const folder = join(parent, name.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 80))
  mkdirSync(folder, { recursive: true })
  for (const logFile of globSync(join(dir, '*', '*.log')).toSorted()) {
    const process = basename(logFile, '.log')
    copyFileSync(logFile, join(folder, basename(logFile)))
    if (/^(writer|reader)/.test(process))
      console.error(`--- ${process}\n${lastLines(logFile, 10).map(cut).join('\n')}`)
  }
  console.error(`all logs: ${folder}`)
  return folder
}

/** The stack of an error may take pages. */
function cut(line: string): string {
  return line.length > 400 ? `${line.slice(0, 400)}…` : line
}
