import type { WriteStream } from 'node:tty'
import { SingleBar } from 'cli-progress'
import { foreignLines, terminalJson } from './terminal-text.ts'

export type Streams = {
  stdout: { write(text: string): unknown }
  stderr: Pick<WriteStream, 'write'> & { isTTY?: boolean }
}

export type Output = {
  /** Whether the output is JSON for programs. */
  json: boolean
  /** Prints the value as JSON, or the text for people. Without a text, people see nothing. */
  value(value: object, text?: string): void
  /** Prints a line for people only. */
  line(text: string): void
  /** Prints a line on stderr in both forms. */
  warn(text: string): void
  /** Shows a progress bar if stderr is a terminal and the output is not JSON. */
  progress(unit: string): Progress
}

export type Progress = Disposable & { update(done: number, total: number): void }

export function output({ stdout, stderr }: Streams, json: boolean): Output {
  const print = (text: string) => stdout.write(`${foreignLines(text)}\n`)
  return {
    json,
    value(value, text) {
      if (json) print(terminalJson(value))
      else if (text !== undefined) print(text)
    },
    line(text) {
      if (!json) print(text)
    },
    warn(text) {
      stderr.write(`${foreignLines(text)}\n`)
    },
    progress(unit) {
      if (json || stderr.isTTY !== true) return { update() {}, [Symbol.dispose]() {} }
      const format = `{bar} {value} of {total} ${unit}, {duration_formatted}, {eta_formatted} left`
      const bar = new SingleBar({ stream: stderr as WriteStream, format, hideCursor: true })
      let started = false
      return {
        update(done, total) {
          if (!started) bar.start(total, done)
          started = true
          bar.setTotal(total)
          bar.update(done)
        },
        [Symbol.dispose]() {
          if (started) bar.stop()
        },
      }
    },
  }
}
