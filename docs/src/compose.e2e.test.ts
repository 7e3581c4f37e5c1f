import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parseServerUrl } from '@lockstep/core/config/address.ts'
import { readSettings, type Setting } from '@lockstep/core/config/settings.ts'
import { composeBinary } from '@lockstep/local-infra/artefacts.ts'
import { stackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeSettings } from './compose.ts'

type Port = { host_ip: string; published: string; target: number }
type Container = { environment: Record<string, string | null>; ports?: Port[] }

let folder: string
let compose: string

// The first run builds the tool from its sources.
beforeAll(async () => {
  compose = await composeBinary()
  folder = await mkdtemp(join(tmpdir(), 'lockstep-compose-'))
  await copyFile(join(import.meta.dirname, '../../docker-compose.yaml'), join(folder, 'docker-compose.yaml'))
}, 900_000)
afterAll(() => rm(folder, { recursive: true }))

/** The containers as compose would start them beside this .env file. */
async function rendered(env: string, shell: Record<string, string> = {}) {
  await writeFile(join(folder, '.env'), env)
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, ...shell } }
  const { stdout } = await promisify(execFile)(compose, ['config', '--format', 'json'], options)
  // `config` prints a compose file, in which $ is written as $$.
  return (JSON.parse(stdout.replaceAll('$$', () => '$')) as { services: Record<string, Container> }).services
}

const candidates = [
  'true',
  'false',
  '3',
  '101',
  '2001',
  '0.5',
  'debug',
  'plain',
  'a.example:7',
  'http://a.example',
]
const urls = ['postgres://a.example/b', 'mongodb://a.example:1,b.example:2/c', 'redis://a.example']

/** A valid value that is not the default. */
function anotherValue({ parse, default: normal, secret }: Setting<unknown>): string {
  const found = [...candidates, ...urls].find((text) => {
    try {
      parse(text)
      return text !== normal
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error('no candidate is valid: add one to the list')
  return secret && !found.includes('://') ? `pa$word ${found}` : found
}

const published = (name: string) => /^(WRITER|READER)_(HOST|\w+_PORT)$/.test(name)

test('every setting of .env reaches its service, and is valid there', async () => {
  const all = Object.assign({}, ...Object.values(composeSettings)) as (typeof composeSettings)[string]
  const given = Object.fromEntries(
    Object.entries(all).map(([name, setting]) => [
      name,
      name.endsWith('_HOST') ? '::' : anotherValue(setting),
    ]),
  )
  const env = Object.entries(given).map(([name, value]) => `${name}='${value}'\n`)
  const containers = await rendered(env.join(''))
  for (const [container, settings] of Object.entries(composeSettings)) {
    const { environment, ports = [] } = containers[container]!
    const wanted = Object.keys(settings).filter((name) => !published(name))
    expect(wanted.map((name) => [name, environment[name]])).toEqual(wanted.map((name) => [name, given[name]]))
    expect(Object.keys(environment).toSorted()).toEqual(Object.keys(settings).toSorted())
    readSettings(settings, environment as Record<string, string>)
    // Of a service, its host and ports are those of the machine.
    for (const port of ports) expect(port).toMatchObject({ host_ip: '::', published: '3' })
    expect(ports).toHaveLength(Object.keys(settings).filter((name) => name.endsWith('_PORT')).length)
  }
})

test('without a .env, the services use the servers of compose and all other defaults', async () => {
  const containers = await rendered('')
  for (const [container, settings] of Object.entries(composeSettings)) {
    const environment = containers[container]!.environment as Record<string, string>
    const values = readSettings(settings, environment) as Record<string, unknown>
    for (const [name, setting] of Object.entries(settings)) {
      const text = environment[name]
      if (!text || /^(WRITER|READER)_HOST$/.test(name)) continue
      if (text === setting.default) continue
      const [first = ''] = text.includes('://')
        ? parseServerUrl(text, [text.split(':')[0]!]).hosts.map(({ host }) => host)
        : text.split(':')
      expect(Object.keys(containers), name).toContain(first)
    }
    if (container === 'migrate') continue
    const host = container === 'writer' ? 'WRITER_HOST' : 'READER_HOST'
    expect(values[host]).toBe('0.0.0.0')
    for (const { target } of containers[container]!.ports ?? [])
      expect(Object.values(values)).toContain(target)
  }
})

test('the shell takes precedence over .env', async () => {
  const { writer } = await rendered('LOG_LEVEL=warn\n', { LOG_LEVEL: 'debug' })
  expect(writer?.environment['LOG_LEVEL']).toBe('debug')
})

test('every port of a server is published as .env says', async () => {
  const native = ['LOCAL_KAFKA_CONTROLLER_PORT']
  const names = Object.keys(stackSettings).filter(
    (name) => /^LOCAL_\w+_PORT$/.test(name) && !native.includes(name),
  )
  const ports = names.map((_, number) => String(7_000 + number))
  const containers = await rendered(names.map((name, number) => `${name}=${ports[number]}\n`).join(''))
  const found = Object.values(containers).flatMap((container) => container.ports ?? [])
  expect(found.map(({ published: port }) => port)).toEqual(expect.arrayContaining(ports))
})
