import { spawn, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

/** Runs the program with stdout and stderr as given; its code and what it wrote to a stderr that is a pipe. */
async function lockstep(stdio: StdioOptions, prepare: (child: ReturnType<typeof spawn>) => void = () => {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), '--help'], { stdio })
  prepare(child)
  const closed = once(child, 'close') as Promise<[number]>
  const err = child.stderr && !child.stderr.destroyed ? await text(child.stderr) : ''
  const [code] = await closed
  return { code, err }
}

test('a program that stops reading the output ends the command without a message, as head does', async () => {
  const result = await lockstep(['ignore', 'pipe', 'pipe'], ({ stdout }) => stdout?.destroy())
  expect(result).toEqual({ code: 1, err: '' })
})

test('output that cannot be written is a problem with one line', async () => {
  const full = openSync('/dev/full', 'w')
  const { code, err } = await lockstep(['ignore', full, 'pipe'])
  closeSync(full)
  expect(code).toBe(1)
  expect(err).toMatch(/^lockstep: the output cannot be written: ENOSPC[^\n]*\n$/)
})
