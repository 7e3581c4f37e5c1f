import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached, cacheDir, fingerprint } from './cache.ts'
import { ServerFailed } from './server.ts'

const java = join(import.meta.dirname, '../java')
const toxiproxyVersion = 'v2.12.0'
const jaegerVersion = 'v1.76.0'

/** The folder of a Kafka broker's jars. */
export async function kafkaJars(): Promise<string> {
  const pom = await readFile(join(java, 'kafka/pom.xml'))
  return cached(`kafka/${fingerprint(pom)}`, (dir) => copyJars('kafka', dir))
}

/** The folder of the MongoDB stand-in: its jars and its compiled class. */
export async function mongoStandIn(): Promise<string> {
  const source = join(java, 'mongo-stand-in/MongoStandIn.java')
  const pom = await readFile(join(java, 'mongo-stand-in/pom.xml'))
  return cached(`mongo-stand-in/${fingerprint(pom, await readFile(source))}`, async (dir) => {
    await copyJars('mongo-stand-in', dir)
    await run('mongo', 'javac', ['-d', dir, '-cp', join(dir, '*'), source])
  })
}

export async function toxiproxyBinary(): Promise<string> {
  const dir = await cached(`toxiproxy/${toxiproxyVersion}`, async (draft) => {
    const module = `github.com/Shopify/toxiproxy/v2/cmd/server@${toxiproxyVersion}`
    await run('toxiproxy', 'go', ['install', module], { GOBIN: draft, GOFLAGS: '' })
    await rename(join(draft, 'server'), join(draft, 'toxiproxy-server'))
  })
  return join(dir, 'toxiproxy-server')
}

/** Undefined until buildJaeger has run once on this machine. */
export function jaegerBinary(): string | undefined {
  const binary = join(cacheDir(), 'jaeger', jaegerVersion, 'jaeger')
  return existsSync(binary) ? binary : undefined
}

/**
 * Minutes on two cores. The module's folder is copied because its go.mod replaces modules, which `go install`
 * refuses, and the module cache is read-only. Go keeps what it has compiled: a build that was stopped goes on.
 */
export async function buildJaeger(): Promise<void> {
  await cached(`jaeger/${jaegerVersion}`, async (draft) => {
    const module = `github.com/jaegertracing/jaeger@${jaegerVersion}`
    const { stdout } = await run('jaeger', 'go', ['mod', 'download', '-json', module], { GOFLAGS: '' })
    const source = join(draft, 'source')
    await run('jaeger', 'cp', [
      '-r',
      '--no-preserve=mode',
      (JSON.parse(stdout) as { Dir: string }).Dir,
      source,
    ])
    const build = ['go', 'build', '-C', source, '-o', join(draft, 'jaeger'), './cmd/jaeger']
    await run('jaeger', 'nice', build, { GOFLAGS: '-mod=mod' })
    await rm(source, { recursive: true })
  })
}

async function copyJars(name: string, dir: string): Promise<void> {
  const pom = join(java, name, 'pom.xml')
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${dir}`]
  await run(name, 'mvn', ['-q', '-B', '-f', pom, ...goal])
}

async function run(server: string, program: string, parameters: string[], env: NodeJS.ProcessEnv = {}) {
  try {
    const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }
    return await promisify(execFile)(program, parameters, options)
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string }
    if (code === 'ENOENT') throw new ServerFailed(server, `${program} is not installed: scripts/bootstrap`)
    const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-15)
    throw new ServerFailed(server, `could not be fetched or built (${program} failed)`, lines)
  }
}
