import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { jaegerBinary } from '@lockstep/local-infra/artefacts.ts'
import { freePorts } from '@lockstep/local-infra/ports.ts'
import { stopBelow } from '@lockstep/local-infra/processes.ts'
import { startService } from '@lockstep/local-infra/servers/service.ts'
import { type StackSettings, readStackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { serviceEnvironment } from '@lockstep/local-infra/stack/stack-processes.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'

type Kind = 'writer' | 'reader'

export type ServicePorts = { http: number; grpc: number; admin: number }

export type BenchStack = AsyncDisposable & {
  settings: StackSettings
  /** Duration of `make up` with empty data, in seconds. */
  upSeconds: number
  /** Duration of a second `make up`, which finds everything running, in seconds. */
  secondUpSeconds: number
  /** Whether traces can be sent anywhere. */
  hasJaeger: boolean
  stop(kind: Kind): Promise<void>
  /** Stops the service if it runs, and starts it with these settings on top of those of the stack. */
  restart(kind: Kind, env?: Record<string, string>): Promise<void>
  /** Another replica, on ports of its own. */
  replica(kind: Kind, name: string, env: Record<string, string>): Promise<ServicePorts & AsyncDisposable>
}

const cli = join(import.meta.dirname, '../../../local-infra/src/cli/main.ts')

/** One plain read model of each aggregate, so that the cost of a command does not depend on how many there are. */
const ofServices = { TRACE_RATIO: '0', READER_READ_MODELS: 'product,stock' }

/**
 * Starts what `make up` starts, on free ports and with throw-away data. It always uses native servers, and Postgres
 * waits for the disk. No traces are recorded unless a case asks for them.
 */
export async function startBenchStack(extra: Record<string, string> = {}): Promise<BenchStack> {
  await using scope = new AsyncDisposableStack()
  const { dir } = scope.use(await throwAwayDir())
  const addresses = await freeAddresses()
  const env = { ...process.env, ...addresses, ...ofServices, LOCAL_INFRA: 'native', LOCAL_DIR: dir }
  const settings = readStackSettings(env)
  const make = async (target: 'up' | 'down') => {
    const began = performance.now()
    await promisify(execFile)(process.execPath, [cli, target], { env })
    return (performance.now() - began) / 1_000
  }
  scope.defer(async () => void (await make('down')))
  const upSeconds = await make('up')
  const secondUpSeconds = await make('up')

  const ofStack = (kind: Kind) => ({
    ...serviceEnvironment(settings),
    ...ofServices,
    DRAIN_DELAY_MS: '0',
    ...(kind === 'reader' && { READER_WRITER_GRPC: `127.0.0.1:${settings.WRITER_GRPC_PORT}` }),
    ...extra,
  })
  const stop = (kind: Kind) => stopBelow(join(dir, kind), 'SIGTERM', 30_000)
  const restart = async (kind: Kind, more: Record<string, string> = {}) => {
    await stop(kind)
    const ports = portsOf(settings, kind)
    await startService({ name: kind, dir, env: { ...ofStack(kind), ...more }, ports })
  }
  if (Object.keys(extra).length > 0) await Promise.all([restart('writer'), restart('reader')])

  const kept = scope.move()
  return {
    settings,
    upSeconds,
    secondUpSeconds,
    hasJaeger: jaegerBinary() !== undefined,
    stop,
    restart,
    async replica(kind, name, more) {
      const [http = 0, grpc = 0, admin = 0] = await freePorts(3)
      const ports = { http, grpc, admin }
      const options = { name: `${kind}-${name}` as const, dir, env: { ...ofStack(kind), ...more }, ports }
      const service = await startService(options)
      return { ...ports, [Symbol.asyncDispose]: () => service.stop() }
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export function portsOf(settings: StackSettings, kind: Kind): ServicePorts {
  const { WRITER_HTTP_PORT, WRITER_GRPC_PORT, WRITER_ADMIN_PORT } = settings
  const { READER_HTTP_PORT, READER_GRPC_PORT, READER_ADMIN_PORT } = settings
  return kind === 'writer'
    ? { http: WRITER_HTTP_PORT, grpc: WRITER_GRPC_PORT, admin: WRITER_ADMIN_PORT }
    : { http: READER_HTTP_PORT, grpc: READER_GRPC_PORT, admin: READER_ADMIN_PORT }
}

async function freeAddresses(): Promise<Record<string, string>> {
  const names = [
    'WRITER_HTTP_PORT',
    'WRITER_GRPC_PORT',
    'WRITER_ADMIN_PORT',
    'READER_HTTP_PORT',
    'READER_GRPC_PORT',
    'READER_ADMIN_PORT',
    'LOCAL_KAFKA_CONTROLLER_PORT',
    'LOCAL_PROMETHEUS_PORT',
    'LOCAL_JAEGER_PORT',
    'LOCAL_JAEGER_GRPC_PORT',
    'LOCAL_OTLP_GRPC_PORT',
    'LOCAL_OTLP_HTTP_PORT',
  ]
  const [postgres, kafka, mongo, redis, ...others] = await freePorts(4 + names.length)
  return {
    POSTGRES_URL: `postgres://lockstep@127.0.0.1:${postgres}/lockstep`,
    KAFKA_BROKERS: `127.0.0.1:${kafka}`,
    MONGO_URL: `mongodb://127.0.0.1:${mongo}/lockstep`,
    REDIS_URL: `redis://127.0.0.1:${redis}`,
    ...Object.fromEntries(names.map((name, index) => [name, String(others[index])])),
  }
}
