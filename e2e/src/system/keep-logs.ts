import { copyFileSync, globSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { lastLines } from '@lockstep/local-infra/server.ts'
import type { Stack } from './stack.ts'

/** Copies the logs, prints the ends of the services' logs, and returns the folder. */
export function keepLogs({ dir }: Pick<Stack, 'dir'>, parent: string, name: string): string {
  const folder = join(parent, name.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 80))
  for (const logFile of copyLogs(dir, folder)) {
    const process = basename(logFile, '.log')
    if (/^(writer|reader)/.test(process))
      console.error(`--- ${process}\n${lastLines(logFile, 10).map(cut).join('\n')}`)
  }
  console.error(`all logs: ${folder}`)
  return folder
}

/** Copies the logs of all processes below the folder of a stack, also of those that ended; returns their paths. */
export function copyLogs(dir: string, to: string): string[] {
  mkdirSync(to, { recursive: true })
  const logFiles = globSync(join(dir, '*', '*.log')).toSorted()
  for (const logFile of logFiles) copyFileSync(logFile, join(to, basename(logFile)))
  return logFiles
}

/** The stack of an error may take pages. */
function cut(line: string): string {
  return line.length > 400 ? `${line.slice(0, 400)}…` : line
}
