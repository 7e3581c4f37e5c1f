import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { composeBinary, hadolintBinary } from './artefacts.ts'

type Service = {
  image?: string
  build?: { dockerfile: string }
  user?: string
  healthcheck?: { disable?: boolean; test?: string[] }
  deploy?: { resources?: { limits?: { memory?: string; cpus?: number } } }
  stop_grace_period?: string
  ports?: { host_ip?: string; published?: string }[]
  volumes?: { type: string; source: string; target: string }[]
}

const root = join(import.meta.dirname, '../..')
const own = ['writer', 'reader', 'migrate']

/** Without a container engine: the tools that read the files check them. */
describe('the containers', () => {
  let services: [name: string, service: Service][]
  let project: { services: Record<string, Service>; volumes: Record<string, unknown> }

  // The first run builds the tool from its sources.
  beforeAll(async () => {
    const file = ['--file', join(root, 'docker-compose.yaml'), '--profile', '*']
    const compose = await composeBinary()
    const { stdout } = await promisify(execFile)(compose, [...file, 'config', '--format', 'json'])
    project = JSON.parse(stdout) as typeof project
    services = Object.entries(project.services)
  }, 900_000)

  test('compose accepts the file, and it has every part', () => {
    const servers = ['postgres', 'kafka', 'mongo', 'redis', 'jaeger', 'prometheus', 'grafana', 'console']
    expect(Object.keys(project.services).toSorted()).toEqual([...own, ...servers].toSorted())
  })

  test('every image is pinned to a version', () => {
    for (const [name, { image }] of services.filter(([service]) => !own.includes(service))) {
      expect(image, name).toMatch(/:v?\d+\.\d+/)
    }
  })

  test('nothing runs as root or without limits', () => {
    for (const [name, { user, deploy, build }] of services) {
      if (!build) expect(user, name).toMatch(/^(?!root|0)./)
      expect(deploy?.resources?.limits?.memory, name).toBeDefined()
      expect(deploy?.resources?.limits?.cpus, name).toBeDefined()
    }
  })

  test('every part has a health check, except one that ends and one without a shell', () => {
    const silent = services.filter(([, { healthcheck }]) => !healthcheck?.test || healthcheck.disable)
    expect(silent.map(([name]) => name)).toEqual(['jaeger', 'migrate'])
  })

  test('ports are published on the loopback only', () => {
    for (const [name, { ports = [] }] of services) {
      for (const { host_ip: address } of ports) expect(address, name).toBe('127.0.0.1')
    }
  })

  test('data is in named volumes', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) =>
      volumes.filter(({ type }) => type === 'volume'),
    )
    expect(mounted.map(({ source }) => source).toSorted()).toEqual(Object.keys(project.volumes).toSorted())
  })

  test('a service has more time to stop than the 25 s that it may take', () => {
    for (const name of ['writer', 'reader']) {
      expect(project.services[name]?.stop_grace_period).toBe('30s')
    }
  })

  test('hadolint finds nothing in the Dockerfiles', async () => {
    const folder = join(root, 'docker')
    const files = (await readdir(folder)).map((name) => join(folder, name))
    const { stdout } = await promisify(execFile)(await hadolintBinary(), ['--no-color', ...files]).catch(
      (error: { stdout: string }) => error,
    )
    expect(stdout).toBe('')
  })
})
