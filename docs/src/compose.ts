import type { Settings } from '@lockstep/core/config/settings.ts'
import { postgresSettings, mongoSettings } from '@lockstep/core/config/setting-groups.ts'
import { topicSettings } from '@lockstep/migrations/topic-settings.ts'
import { readerSettings } from '@lockstep/reader-service/config.ts'
import { writerSettings } from '@lockstep/writer-service/config.ts'

/** Inside compose, the servers have other names. A value in .env takes precedence. */
const defaults: Record<string, string> = {
  POSTGRES_URL: 'postgres://lockstep@postgres:5432/lockstep',
  KAFKA_BROKERS: 'kafka:9092',
  MONGO_URL: 'mongodb://mongo:27017/lockstep',
  REDIS_URL: 'redis://redis:6379',
  OTLP_ENDPOINT: 'http://jaeger:4318',
  READER_WRITER_GRPC: 'writer:5002',
}

/** In .env these say where a service is reached on the host, so compose publishes its fixed addresses there. */
const fixed = (settings: Settings) =>
  Object.entries(settings).flatMap(([name, setting]): [string, string][] => {
    if (/^(WRITER|READER)_HOST$/.test(name)) return [[name, '0.0.0.0']]
    return /^(WRITER|READER)_\w+_PORT$/.test(name) ? [[name, `'${setting.default}'`]] : []
  })

/** A name without a value is taken from the shell or from .env, and is not set if neither has it. */
function environment(settings: Settings): string {
  const values = Object.keys(settings).map((name): [string, string] => [
    name,
    name in defaults ? `\${${name}:-${defaults[name]}}` : '',
  ])
  const lines = Object.entries({ ...Object.fromEntries(values), ...Object.fromEntries(fixed(settings)) })
  return lines.map(([name, value]) => `      ${name}:${value && ` ${value}`}\n`).join('')
}

/** The settings of each of our containers. */
export const composeSettings: Record<string, Settings> = {
  writer: writerSettings,
  reader: readerSettings,
  migrate: { ...postgresSettings, ...mongoSettings, ...topicSettings },
}

/** The compose file with the environment of each container between its marks. */
export function fillInCompose(text: string): string {
  const marks = /( +# generated: (\w+)\n).*?( +# end\n)/gs
  return text.replaceAll(marks, (_, begin: string, name: string, end: string) => {
    const settings = composeSettings[name]
    if (settings === undefined) throw new Error(`there is no container named ${name}`)
    return `${begin}${environment(settings)}${end}`
  })
}
