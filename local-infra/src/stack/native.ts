import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isFree } from '../ports.ts'
import { killBelow, processesBelow, rootsBelow, stopBelow } from '../processes.ts'
import { PortInUse } from '../server.ts'
import { answersOk } from '../servers/http-readiness.ts'
import { postgresHome } from '../servers/postgres.ts'
import { setupDir } from '../servers/setup-dir.ts'
import { type JaegerState, ensureJaeger } from './jaeger.ts'
import { runSetup, setupSteps } from './migrate.ts'
import { type Part, jaegerPart, partsOf, serviceEnvironment } from './stack-processes.ts'
import { type StackSettings, serviceAddress } from './settings.ts'

export type PartState = {
  name: string
  state: 'running' | 'starting' | 'stopped'
  pid?: number
  address: string
}

/** The stack was not started, for these reasons. */
export class NotStarted extends Error {
  readonly reasons: readonly Error[]

  constructor(reasons: readonly Error[]) {
    super('the stack was not started')
    this.reasons = reasons
  }
}

/**
 * Starts every part that does not run, and waits for those that a killed launcher left unfinished. If one fails, the
 * parts that this call started are stopped.
 */
export async function startStack(
  settings: StackSettings,
  options: { services: boolean; say: (line: string) => void },
): Promise<{ changed: boolean; jaeger: JaegerState }> {
  const { say } = options
  const parts = partsOf(settings).filter(({ kind }) => options.services || kind === 'server')
  await enterLauncherDir(settings)
  const missing = parts.filter((part) => processesBelow(part.home).length === 0)
  await requireFreePorts(missing)

  await using scope = new AsyncDisposableStack()
  const start = async (part: Part) => {
    const startedAt = performance.now()
    const server = await part.start()
    if (!missing.includes(part)) return
    scope.use(server)
    say(`${part.name.padEnd(11)} ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }
  const jaeger = ensureJaeger(jaegerPart(settings), scope, say)
  const servers = parts.filter(({ kind }) => kind === 'server').map(start)
  await allSettledOrThrow([...servers, jaeger.then(() => {})])
  const services = parts.filter(({ kind }) => kind === 'service')
  if (missing.length > 0)
    await allSettledOrThrow(stepsOf().map((name) => runSetup(name, serviceEnvironment(settings))))
  await allSettledOrThrow(services.map(start))
  scope.move()
  return { changed: missing.length > 0, jaeger: await jaeger }
}

/** Stops everything that runs below LOCAL_DIR: the services first, so that they can finish their work. */
export async function stopStack(settings: StackSettings): Promise<string[]> {
  const { LOCAL_DIR: dir } = settings
  await killBelow(join(dir, 'launcher'))
  const parts = [...partsOf(settings), jaegerPart(settings)]
  const running = parts.filter(({ home }) => processesBelow(home).length > 0)
  const stop = (part: Part) => stopBelow(part.home, part.stopSignal, 30_000)
  await allSettledOrThrow(running.filter(({ kind }) => kind === 'service').map(stop))
  await allSettledOrThrow(running.filter(({ kind }) => kind === 'server').map(stop))
  // Processes that belong to no current part: the build of Jaeger, a server of earlier settings.
  for (const folder of new Set([dir, postgresHome(dir)])) await stopBelow(folder, 'SIGTERM', 10_000)
  return running.map(({ name }) => name)
}

export async function deleteStack(settings: StackSettings): Promise<void> {
  await stopStack(settings)
  const home = postgresHome(settings.LOCAL_DIR)
  for (const folder of new Set([settings.LOCAL_DIR, home])) await rm(folder, { recursive: true, force: true })
}

export async function stackState(settings: StackSettings): Promise<PartState[]> {
  return Promise.all(
    [...partsOf(settings), jaegerPart(settings)].map(async ({ name, home, address, kind }) => {
      const pid = rootsBelow(home)[0]?.pid
      if (pid === undefined) return { name, state: 'stopped' as const, address }
      const admin = serviceAddress(settings, name === 'writer' ? 'WRITER_ADMIN_PORT' : 'READER_ADMIN_PORT')
      const ready = kind === 'server' || (await isReady(`http://${admin}/ready`))
      return { name, state: ready ? ('running' as const) : ('starting' as const), pid, address }
    }),
  )
}

/**
 * The working directory identifies the launcher, like the servers, because two launchers at once would start everything
 * twice. Also ends what a killed launcher left running, for example a migration.
 */
async function enterLauncherDir(settings: StackSettings): Promise<void> {
  const dir = join(settings.LOCAL_DIR, 'launcher')
  const other = processesBelow(dir).find(({ command }) => command.includes('local-infra/src/cli/main.ts'))
  if (other) {
    throw new NotStarted([new Error(`another make up is running (pid ${other.pid}); end it with make down`)])
  }
  await mkdir(dir, { recursive: true })
  process.chdir(dir)
  for (const folder of [dir, ...partsOf(settings).map(({ home }) => setupDir(home))]) await killBelow(folder)
}

async function requireFreePorts(parts: readonly Part[]): Promise<void> {
  const taken: PortInUse[] = []
  for (const { name, ports } of parts) {
    for (const port of ports) if (!(await isFree(port))) taken.push(new PortInUse(name, port))
  }
  if (taken.length > 0) throw new NotStarted(taken)
}

function stepsOf(): (keyof typeof setupSteps)[] {
  return Object.keys(setupSteps) as (keyof typeof setupSteps)[]
}

/** Like Promise.all, but no work is still running when it throws. */
async function allSettledOrThrow(work: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).filter((outcome) => outcome.status === 'rejected')
  if (failures.length > 0) throw new NotStarted(failures.map(({ reason }) => reason as Error))
}

async function isReady(url: string): Promise<boolean> {
  return answersOk(url).then(
    () => true,
    () => false,
  )
}
