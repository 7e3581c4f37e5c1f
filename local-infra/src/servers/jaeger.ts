import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { jaegerBinary } from '../artefacts.ts'
import { type Server, ServerFailed, runServer } from '../server.ts'
import { answersOk } from './http-readiness.ts'

export type JaegerServer = Server & {
  /** The address of the query API; the native build has no web page. */
  url: string
  /** The value for OTLP_ENDPOINT. */
  otlpEndpoint: string
}

export type JaegerOptions = {
  dir: string
  port: number
  queryGrpcPort: number
  otlpGrpcPort: number
  otlpHttpPort: number
}

const config = join(import.meta.dirname, '../../../monitoring/jaeger/jaeger.yaml')

export async function startJaeger({ dir, ...ports }: JaegerOptions): Promise<JaegerServer> {
  const binary = jaegerBinary()
  if (!binary) throw new ServerFailed('jaeger', 'it has not been built yet')
  const home = join(dir, 'jaeger')
  await mkdir(home, { recursive: true })
  const url = `http://127.0.0.1:${ports.port}`
  const server = await runServer({
    name: 'jaeger',
    dir: home,
    command: [binary, '--config', config],
    env: {
      ...process.env,
      // Otherwise its traces of its own queries appear among those of the services.
      OTEL_TRACES_SAMPLER: 'always_off',
      JAEGER_HTTP: `127.0.0.1:${ports.port}`,
      JAEGER_GRPC: `127.0.0.1:${ports.queryGrpcPort}`,
      JAEGER_OTLP_GRPC: `127.0.0.1:${ports.otlpGrpcPort}`,
      JAEGER_OTLP_HTTP: `127.0.0.1:${ports.otlpHttpPort}`,
    },
    ports: Object.values(ports),
    ready: () => answersOk(`${url}/api/services`),
  })
  return Object.assign(server, { url, otlpEndpoint: `http://127.0.0.1:${ports.otlpHttpPort}` })
}
