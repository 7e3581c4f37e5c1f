import type { WriteStream } from 'node:tty'
import type { Step } from './run-demo.ts'

const WIDTH = 40

/** One line that grows on a terminal; a line for every quarter elsewhere, as in the log of a CI run. */
export function progressOn(stream: WriteStream, total: number): (step: Step, done: number) => void {
  return (step, done) => {
    const count = `${step.padEnd(9)} ${String(done).padStart(String(total).length)} of ${total}`
    if (!stream.isTTY) {
      if (done % Math.ceil(total / 4) === 0 || done === total) stream.write(`${count}\n`)
      return
    }
    const filled = Math.round((done / total) * WIDTH)
    stream.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${count}${done === total ? '\n' : ''}`)
  }
}
