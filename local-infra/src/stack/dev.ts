import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { processesBelow, stopBelow } from '../processes.ts'
import { startStack } from './native.ts'
import { partsOf } from './stack-processes.ts'
import type { StackSettings } from './settings.ts'

/** Starts the servers like `make up`. The services restart when a file changes, and end with this command. */
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
    // A service that fails to start is restarted when a file changes.
    start().catch((error: Error) => say(`${name}: ${error.message}`))
  }
  say('Watching for changes. Ctrl-C stops the services; make down also stops the servers.')
  await interrupted
  tail.kill()
  for (const { home } of services) await stopBelow(home, 'SIGTERM', 30_000)
}
