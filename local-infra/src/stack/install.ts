import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ServerFailed } from '../server.ts'

const bootstrap = join(import.meta.dirname, '../../../scripts/bootstrap')

/** Installs the servers of the distribution, or reports what is missing and how to install it. */
export function installServers(): void {
  const { status } = spawnSync(bootstrap, ['servers'], { stdio: 'inherit' })
  if (status !== 0) throw new ServerFailed('native servers', 'they need these programs')
}
