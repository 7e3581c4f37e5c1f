#!/usr/bin/env node
import { run } from './run.ts'

/** A reader that stops reading (`| head`) is no error of ours, but the output is incomplete, so the command ends. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE')
    process.stderr.write(`lockstep: the output cannot be written: ${error.message}\n`)
  process.exit(1)
})
process.stderr.on('error', () => {
  // The exit code still tells the result.
})

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
})
