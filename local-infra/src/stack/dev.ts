import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { processesBelow, stopBelow } from '../processes.ts'
import { startStack } from './native.ts'
import { partsOf } from './parts.ts'
import type { StackSettings } from './settings.ts'

/** Servers as by `make up`; the services start again when a file changes, and end with this command. */
export async function runDev(settings: StackSettings, say: (line: string) => void): Promise<void> {
  await startStack(settings, { services: false, say })
  const services = partsOf(settings, { watch: true }).filter(({ kind }) => kind === 'service')
  for (const { home } of services.filter((part) => processesBelow(part.home).length > 0)) {
    await stopBelow(home, 'SIGTERM', 30_000)
  }
  const files = services.map(({ home, name }) => join(home, `${name}.log`))
  const tail = spawn('tail', ['-n', '0', '-F', ...files], { stdio: ['ignore', 'inherit', 'ignore'] })
  const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  for (const { name, start } of services) {
    // A service that does not compile is not the end: the next save starts it again.
    start().catch((error: Error) => say(`${name}: ${error.message}`))
  }
  say('Watching. Ctrl-C stops the services; make down stops the servers too.')
  await interrupted
  tail.kill()
  for (const { home } of services) await stopBelow(home, 'SIGTERM', 30_000)
}
