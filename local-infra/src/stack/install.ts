import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ServerFailed } from '../server.ts'

const bootstrap = join(import.meta.dirname, '../../../scripts/bootstrap')

/** Installs the distribution's servers, or says what is missing and how to get it. */
export function installServers(): void {
  const { status } = spawnSync(bootstrap, ['servers'], { stdio: 'inherit' })
  if (status !== 0) throw new ServerFailed('native servers', 'they cannot run without these programs')
}
