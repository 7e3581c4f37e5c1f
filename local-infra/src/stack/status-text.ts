import { join, relative } from 'node:path'
import { maskUrl } from '@lockstep/core/config/address.ts'
import { ConfigError } from '@lockstep/core/config/settings.ts'
import { PortInUse, ServerFailed } from '../server.ts'
import type { JaegerState } from './jaeger.ts'
import { NotStarted } from './native.ts'
import { type StackSettings, serviceAddress, settingOfPort } from './settings.ts'

const root = join(import.meta.dirname, '../../..')

/** The addresses that `make up` prints at its end. */
export function overview(settings: StackSettings, kind: 'native' | 'docker', jaeger: JaegerState): string {
  const http = (port: number, path = '') => `http://127.0.0.1:${port}${path}`
  const at = (port: Parameters<typeof serviceAddress>[1]) => serviceAddress(settings, port)
  const rows: [string, string][] = [
    ['Commands, Swagger UI', `http://${at('WRITER_HTTP_PORT')}/docs`],
    ['Commands, gRPC', at('WRITER_GRPC_PORT')],
    ['Queries, Swagger UI', `http://${at('READER_HTTP_PORT')}/docs`],
    ['Queries, gRPC', at('READER_GRPC_PORT')],
    ['Metrics', `http://${at('WRITER_ADMIN_PORT')}/metrics  http://${at('READER_ADMIN_PORT')}/metrics`],
    ['Prometheus', http(settings.LOCAL_PROMETHEUS_PORT)],
    ['Jaeger', traces(settings, kind, jaeger)],
    ['Grafana', kind === 'docker' ? http(settings.LOCAL_GRAFANA_PORT) : 'only with containers'],
    ['Postgres', maskUrl(settings.POSTGRES_URL)],
    ['Kafka', settings.KAFKA_BROKERS.join(',')],
    ['MongoDB', maskUrl(settings.MONGO_URL)],
    ['Redis', maskUrl(settings.REDIS_URL)],
  ]
  const table = rows.map(([what, where]) => `  ${what.padEnd(22)}${where}`)
  return [...table, '', 'Try first:', ...firstSteps(settings).map((line) => `  ${line}`)].join('\n')
}

function traces(settings: StackSettings, kind: 'native' | 'docker', state: JaegerState): string {
  const address = `http://127.0.0.1:${settings.LOCAL_JAEGER_PORT}`
  if (kind === 'docker') return address
  const api = `${address}/api/traces?service=lockstep-writer (the native build has no web page)`
  return {
    running: api,
    building: `is being built in the background (once, a few minutes), then ${api}`,
    absent: 'not available: install Go to build it',
  }[state]
}

function firstSteps(settings: StackSettings): string[] {
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  const body = `{"id":"${id}","name":"Blue teapot","priceCents":1999}`
  const writer = `http://${serviceAddress(settings, 'WRITER_HTTP_PORT')}/api/v1/products`
  return [
    `curl -i ${writer} -H 'content-type: application/json' -d '${body}'`,
    `curl 'http://${serviceAddress(settings, 'READER_HTTP_PORT')}/api/v1/products/${id}?minVersion=1'`,
    'make demo',
  ]
}

/** The message of an error for the user; undefined for a bug in the program. */
export function explain(error: unknown, settings?: StackSettings): string | undefined {
  if (error instanceof ConfigError) return error.message
  if (error instanceof PortInUse) return explainPort(error, settings)
  if (error instanceof ServerFailed) return explainFailure(error)
  if (!(error instanceof NotStarted)) return undefined
  return error.reasons.map((reason) => explain(reason, settings) ?? reason.message).join('\n')
}

function explainPort(error: PortInUse, settings?: StackSettings): string {
  const setting = settings && settingOfPort(settings, error.port)
  const other = setting ? `, or set ${setting} to another port (in .env or in the environment)` : ''
  return `${error.server}: ${error.message}. Stop that process${other}.`
}

function explainFailure({ server, message, logTail, logFile }: ServerFailed): string {
  const lines = [`${server}: ${message}.`]
  if (logTail.length > 0) lines.push('Its last lines:', ...logTail.map((line) => `  | ${line}`))
  if (logFile) {
    lines.push(
      `The whole log is in ${relative(root, logFile)}. Run make up to try again, or make reset to delete the data.`,
    )
  }
  return lines.join('\n')
}
