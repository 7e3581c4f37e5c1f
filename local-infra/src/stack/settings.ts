import { resolve } from 'node:path'
import { oneOf, port, text } from '@lockstep/core/config/setting-kinds.ts'
import {
  kafkaSettings,
  mongoSettings,
  postgresSettings,
  redisSettings,
  telemetrySettings,
} from '@lockstep/core/config/setting-groups.ts'
import { type SettingValues, readSettings } from '@lockstep/core/config/settings.ts'

/** The settings of `make up` and related commands. The services have the same environment. */
export const stackSettings = {
  LOCAL_INFRA: oneOf(
    'auto',
    ['auto', 'docker', 'native'],
    'Containers or native programs; auto: containers if an engine with compose is available',
  ),
  LOCAL_DIR: text('.local', 'The folder for the data and logs of the native servers'),
  POSTGRES_URL: postgresSettings.POSTGRES_URL,
  KAFKA_BROKERS: kafkaSettings.KAFKA_BROKERS,
  MONGO_URL: mongoSettings.MONGO_URL,
  REDIS_URL: redisSettings.REDIS_URL,
  OTLP_ENDPOINT: telemetrySettings.OTLP_ENDPOINT,
  WRITER_HTTP_PORT: port(5001, 'HTTP commands'),
  WRITER_GRPC_PORT: port(5002, 'gRPC commands'),
  WRITER_ADMIN_PORT: port(9101, 'Probes and metrics of the writer'),
  READER_GRPC_PORT: port(5003, 'gRPC queries'),
  READER_HTTP_PORT: port(5004, 'HTTP queries'),
  READER_ADMIN_PORT: port(9102, 'Probes and metrics of the reader'),
  LOCAL_KAFKA_CONTROLLER_PORT: port(19093, 'The controller inside the native Kafka'),
  LOCAL_PROMETHEUS_PORT: port(9090, 'Prometheus'),
  LOCAL_JAEGER_PORT: port(16_686, 'Jaeger, its web page (containers) and query API'),
  LOCAL_JAEGER_GRPC_PORT: port(16_685, 'Jaeger, its query API over gRPC'),
  LOCAL_OTLP_GRPC_PORT: port(4317, 'Jaeger, traces over gRPC'),
  LOCAL_OTLP_HTTP_PORT: port(4318, 'Jaeger, traces over HTTP'),
  LOCAL_GRAFANA_PORT: port(3000, 'Grafana (containers only)'),
}

export type StackSettings = SettingValues<typeof stackSettings>

const root = resolve(import.meta.dirname, '../../..')

/** @throws ConfigError with every problem */
export function readStackSettings(env: NodeJS.ProcessEnv): StackSettings {
  const values = readSettings(stackSettings, env)
  return { ...values, LOCAL_DIR: resolve(root, values.LOCAL_DIR) }
}

/** The port on which to start a server; undefined if the address is on another machine, where no server is started. */
export function localPort(address: string): number | undefined {
  const { hostname, port: digits } = new URL(address.includes('://') ? address : `tcp://${address}`)
  return hostname === '127.0.0.1' && digits ? Number(digits) : undefined
}

/** The setting that changes this port. */
export function settingOfPort(settings: StackSettings, wanted: number): string | undefined {
  const [first = ''] = settings.KAFKA_BROKERS
  const addresses = { ...settings, KAFKA_BROKERS: first }
  return Object.entries(addresses).find(
    ([, value]) => value === wanted || (/:\d/.test(String(value)) && localPort(String(value)) === wanted),
  )?.[0]
}
