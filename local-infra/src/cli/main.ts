import { runCommand } from '../stack/commands.ts'
import { explain } from '../stack/report.ts'
import { readStackSettings } from '../stack/settings.ts'

// `make up | head` closes the pipe early: what was begun goes on.
process.stdout.on('error', () => {})

/** make up, down, reset, status, logs and dev end here, with the command's name as the only argument. */
try {
  await runCommand(process.argv[2] ?? '', process.env)
} catch (error) {
  const words = explain(error, safeSettings())
  if (words === undefined) throw error
  console.error(`\n${words}`)
  process.exitCode = 1
}

function safeSettings() {
  try {
    return readStackSettings(process.env)
  } catch {
    return undefined
  }
}
