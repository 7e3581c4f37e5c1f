import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Server, runServer } from '../server.ts'
import { answersOk } from './http-readiness.ts'

export type PrometheusServer = Server & { url: string }

export type PrometheusOptions = {
  dir: string
  port: number
  /** The admin port of each service on 127.0.0.1, or its address. */
  targets: Record<string, number | string>
}

const config = join(import.meta.dirname, '../../../monitoring/prometheus')

/** Uses the configuration in `monitoring/prometheus`, with the addresses of these services. */
export async function startPrometheus({ dir, port, targets }: PrometheusOptions): Promise<PrometheusServer> {
  const home = join(dir, 'prometheus')
  await mkdir(home, { recursive: true })
  await cp(config, join(home, 'config'), { recursive: true })
  const services = Object.entries(targets).map(([service, admin]) => ({
    targets: [typeof admin === 'number' ? `127.0.0.1:${admin}` : admin],
    labels: { service },
  }))
  await writeFile(join(home, 'config/targets.json'), JSON.stringify(services))
  const url = `http://127.0.0.1:${port}`
  const server = await runServer({
    name: 'prometheus',
    dir: home,
    command: [
      'prometheus',
      `--config.file=${join(home, 'config/prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      '--storage.tsdb.retention.time=3d',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ports: [port],
    ready: () => answersOk(`${url}/-/ready`),
  })
  return Object.assign(server, { url })
}
