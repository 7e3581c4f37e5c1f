import { resolve } from 'node:path'
import { address, listenHost } from '@lockstep/core/config/address-kinds.ts'
import {
  hostPortText,
  parseAddress,
  parseServerUrl,
  reachableHost,
  type Address,
} from '@lockstep/core/config/address.ts'
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
  READER_WRITER_GRPC: address(
    '',
    'gRPC address of the writer for the reader; empty: the writer on this machine',
  ),
  WRITER_HOST: listenHost('127.0.0.1', 'Address that the writer listens on'),
  READER_HOST: listenHost('127.0.0.1', 'Address that the reader listens on'),
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

/** The servers that a setting names, each with the port that its client uses if the setting has none. */
const serverAddresses = {
  POSTGRES_URL: ({ POSTGRES_URL: url }: StackSettings) => inUrl(url, 5432),
  KAFKA_BROKERS: ({ KAFKA_BROKERS: brokers }: StackSettings) => brokers.slice(0, 1).map(parseAddress),
  MONGO_URL: ({ MONGO_URL: url }: StackSettings) => inUrl(url, 27_017),
  REDIS_URL: ({ REDIS_URL: url }: StackSettings) => inUrl(url, 6379),
  OTLP_ENDPOINT: ({ OTLP_ENDPOINT: url }: StackSettings) =>
    url === '' ? [] : inUrl(url, url.startsWith('https:') ? 443 : 80),
  READER_WRITER_GRPC: ({ READER_WRITER_GRPC: writer }: StackSettings) =>
    writer === '' ? [] : [parseAddress(writer)],
}

export type AddressSetting = keyof typeof serverAddresses
const addressSettings = Object.keys(serverAddresses) as AddressSetting[]

/**
 * The port on which to start the server; undefined if the setting names another machine or several hosts, where no server
 * is started.
 */
export function localPort(settings: StackSettings, name: AddressSetting): number | undefined {
  const [first, ...others] = serverAddresses[name](settings)
  return first?.host === '127.0.0.1' && others.length === 0 ? first.port : undefined
}

/** The setting that changes this port. */
export function settingOfPort(settings: StackSettings, wanted: number): string | undefined {
  const ofPort = Object.entries(settings).find(([, value]) => value === wanted)?.[0]
  return ofPort ?? addressSettings.find((name) => localPort(settings, name) === wanted)
}

/** The address of a service for programs on this machine. */
export function serviceAddress(
  settings: StackSettings,
  name: `${'WRITER' | 'READER'}_${string}_PORT` & keyof StackSettings,
) {
  const host = settings[name.startsWith('WRITER') ? 'WRITER_HOST' : 'READER_HOST']
  return hostPortText({ host: reachableHost(host), port: settings[name] })
}

/** What the server creates with new data. */
export function postgresNames(url: string): { user: string; database: string } {
  const { credentials, rest } = parseServerUrl(url, ['postgres', 'postgresql'])
  const [user = ''] = credentials.split(/[:@]/)
  const [, database = ''] = /^\/([^?#]*)/.exec(rest) ?? []
  return { user: decodeURIComponent(user) || 'lockstep', database: decodeURIComponent(database) }
}

function inUrl(url: string, defaultPort: number): Address[] {
  const { hosts } = parseServerUrl(url, [url.slice(0, url.indexOf(':'))])
  return hosts.map(({ host, port: given }) => ({ host, port: given ?? defaultPort }))
}
