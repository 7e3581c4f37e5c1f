import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lastLines } from '@lockstep/local-infra/server.ts'
import type { Stack } from './stack.ts'

/** Copies the logs of all processes, prints the ends of the services' logs, and returns the folder. */
export function keepLogs({ processes }: Pick<Stack, 'processes'>, parent: string, name: string): string {
  const folder = join(parent, name.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 80))
  mkdirSync(folder, { recursive: true })
  for (const { name: process, logFile } of processes) {
    copyFileSync(logFile, join(folder, `${process}.log`))
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
