import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ServerFailed } from '../server.ts'
import { type StackSettings, localPort } from './settings.ts'

const root = join(import.meta.dirname, '../../..')

type Container = { Service: string; State: string; Health: string; ExitCode: number }

/** Whether a container engine with compose is available. */
export function engineAnswers(): boolean {
  const answers = (...command: string[]) => spawnSync('docker', command, { timeout: 5000 }).status === 0
  return answers('compose', 'version') && answers('info')
}

/** False if everything was already running. */
export async function dockerUp(settings: StackSettings): Promise<boolean> {
  const wanted = compose(settings, ['config', '--services']).split('\n').filter(Boolean)
  const running = containers(settings).filter(({ State }) => State === 'running')
  // The one-shot service has ended when the others run.
  if (wanted.every((name) => name === 'migrate' || running.some(({ Service }) => Service === name)))
    return false
  const { status } = spawnSync('docker', ['compose', 'up', '--detach', '--build', '--wait'], {
    ...options(settings),
    stdio: 'inherit',
  })
  if (status === 0) return true
  const failed = containers(settings).find(
    ({ Health, ExitCode }) => Health === 'unhealthy' || (ExitCode !== 0 && Health !== 'healthy'),
  )
  const name = failed?.Service ?? 'containers'
  const tail = failed ? compose(settings, ['logs', '--no-log-prefix', '--tail', '15', name]).split('\n') : []
  throw new ServerFailed(name, 'it did not become healthy', tail)
}

export async function dockerDown(settings: StackSettings): Promise<void> {
  spawnSync('docker', ['compose', '--profile', '*', 'down'], { ...options(settings), stdio: 'inherit' })
}

export async function dockerReset(settings: StackSettings): Promise<void> {
  const command = ['compose', '--profile', '*', 'down', '--volumes']
  spawnSync('docker', command, { ...options(settings), stdio: 'inherit' })
}

export async function dockerStatus(settings: StackSettings): Promise<void> {
  spawnSync('docker', ['compose', 'ps', '--all'], { ...options(settings), stdio: 'inherit' })
}

export async function dockerLogs(settings: StackSettings): Promise<void> {
  const command = ['compose', 'logs', '--follow', '--tail', '20']
  spawnSync('docker', command, { ...options(settings), stdio: 'inherit' })
}

function containers(settings: StackSettings): Container[] {
  const lines = compose(settings, ['ps', '--all', '--format', 'json']).split('\n').filter(Boolean)
  return lines.flatMap((line) => JSON.parse(line) as Container | Container[])
}

function compose(settings: StackSettings, parameters: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('docker', ['compose', ...parameters], {
    ...options(settings),
    encoding: 'utf8',
  })
  if (status === 0) return stdout.trim()
  throw new ServerFailed(
    'docker compose',
    error?.message ?? 'it failed',
    stderr.trim().split('\n').slice(-15),
  )
}

/** The ports that docker-compose.yaml publishes, from the URLs that programs on the host use. */
function options(settings: StackSettings) {
  const ports = {
    LOCAL_POSTGRES_PORT: localPort(settings.POSTGRES_URL),
    LOCAL_KAFKA_PORT: localPort(settings.KAFKA_BROKERS[0] ?? ''),
    LOCAL_MONGO_PORT: localPort(settings.MONGO_URL),
    LOCAL_REDIS_PORT: localPort(settings.REDIS_URL),
  }
  const env = Object.fromEntries(
    Object.entries({ ...settings, ...ports })
      .filter(([name]) => name.endsWith('_PORT'))
      .flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )
  return { cwd: root, env: { ...process.env, ...env } }
}
