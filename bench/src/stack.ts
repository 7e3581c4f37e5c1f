import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from '@lockstep/local-infra/ports.ts'
import { type StackSettings, readStackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'

export type BenchStack = AsyncDisposable & {
  settings: StackSettings
  /** Duration of `make up` with empty data, in seconds. */
  upSeconds: number
  /** Duration of a second `make up`, which finds everything running, in seconds. */
  secondUpSeconds: number
}

const cli = join(import.meta.dirname, '../../local-infra/src/cli/main.ts')

/**
 * Starts what `make up` starts, on free ports and with throw-away data. It always uses native servers, and Postgres
 * waits for the disk. No traces are recorded.
 */
export async function startBenchStack(): Promise<BenchStack> {
  await using scope = new AsyncDisposableStack()
  const { dir } = scope.use(await throwAwayDir())
  const env = {
    ...process.env,
    ...(await freeAddresses()),
    LOCAL_INFRA: 'native',
    LOCAL_DIR: dir,
    TRACE_RATIO: '0',
  }
  const make = async (target: 'up' | 'down') => {
    const began = performance.now()
    await promisify(execFile)(process.execPath, [cli, target], { env })
    return (performance.now() - began) / 1_000
  }
  scope.defer(async () => void (await make('down')))
  const upSeconds = await make('up')
  const secondUpSeconds = await make('up')
  const kept = scope.move()
  return {
    settings: readStackSettings(env),
    upSeconds,
    secondUpSeconds,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
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
