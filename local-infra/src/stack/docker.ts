import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { hostPortText, parseServerUrl, serverUrlText, type Address } from '@lockstep/core/config/address.ts'
import { ServerFailed } from '../server.ts'
import { type AddressSetting, type StackSettings, localPort, postgresNames } from './settings.ts'

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

function options(settings: StackSettings) {
  return { cwd: root, env: { ...process.env, ...composeEnvironment(settings) } }
}

/** The servers of docker-compose.yaml, and the variable that publishes each of them. */
const containersOf = {
  POSTGRES_URL: { address: { host: 'postgres', port: 5432 }, published: 'LOCAL_POSTGRES_PORT' },
  KAFKA_BROKERS: { address: { host: 'kafka', port: 9092 }, published: 'LOCAL_KAFKA_PORT' },
  MONGO_URL: { address: { host: 'mongo', port: 27_017 }, published: 'LOCAL_MONGO_PORT' },
  REDIS_URL: { address: { host: 'redis', port: 6379 }, published: 'LOCAL_REDIS_PORT' },
  OTLP_ENDPOINT: { address: { host: 'jaeger', port: 4318 }, published: undefined },
  READER_WRITER_GRPC: { address: { host: 'writer', port: 5002 }, published: undefined },
} satisfies Record<AddressSetting, { address: Address; published: string | undefined }>

/**
 * The variables that docker-compose.yaml reads, from the addresses that programs on the host use. Of an address on this
 * machine, the port is published, and the containers use the server of compose; another address stays as it is.
 */
export function composeEnvironment(settings: StackSettings): Record<string, string> {
  const env: Record<string, string> = { WRITER_HOST: settings.WRITER_HOST, READER_HOST: settings.READER_HOST }
  for (const [name, value] of Object.entries(settings)) {
    if (name.endsWith('_PORT')) env[name] = String(value)
  }
  for (const [setting, { address, published }] of Object.entries(containersOf)) {
    const name = setting as AddressSetting
    const port = localPort(settings, name)
    if (port === undefined) continue
    env[name] = moved(String(settings[name]), address)
    if (published !== undefined) env[published] = String(port)
  }
  if (localPort(settings, 'POSTGRES_URL') !== undefined) {
    const { user, database } = postgresNames(settings.POSTGRES_URL)
    Object.assign(env, { LOCAL_POSTGRES_USER: user, LOCAL_POSTGRES_DATABASE: database })
  }
  return env
}

/** The same URL or `host:port` with another host. */
function moved(text: string, address: Address): string {
  const [, scheme] = /^([a-z+]+):\/\//.exec(text) ?? []
  if (scheme === undefined) return hostPortText(address)
  return serverUrlText({ ...parseServerUrl(text, [scheme]), hosts: [address] })
}
