import { runCommand } from '../stack/commands.ts'
import { explain } from '../stack/status-text.ts'
import { readStackSettings } from '../stack/settings.ts'

// `make up | head` closes the pipe early; the command continues.
process.stdout.on('error', () => {})

/** The program behind make up, down, reset, status, logs and dev. Its only argument is the name of the command. */
try {
  await runCommand(process.argv[2] ?? '', process.env)
} catch (error) {
  const message = explain(error, safeSettings())
  if (message === undefined) throw error
  console.error(`\n${message}`)
  process.exitCode = 1
}

function safeSettings() {
  try {
    return readStackSettings(process.env)
  } catch {
    return undefined
  }
}
