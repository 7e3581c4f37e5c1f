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
import { type Part, jaegerPart, partsOf, serviceEnvironment } from './parts.ts'
import type { StackSettings } from './settings.ts'

export type PartState = {
  name: string
  state: 'running' | 'starting' | 'stopped'
  pid?: number
  address: string
}

/** Several things were found to be in the way before anything was started. */
export class NotStarted extends Error {
  readonly reasons: readonly Error[]

  constructor(reasons: readonly Error[]) {
    super('nothing was started')
    this.reasons = reasons
  }
}

/**
 * Brings every part to run: what runs already is left alone, what a killed launcher left half-way is waited for,
 * the rest is started. When one fails, those that were started here are stopped again.
 */
export async function startStack(
  settings: StackSettings,
  options: { services: boolean; say: (line: string) => void },
): Promise<{ changed: boolean; jaeger: JaegerState }> {
  const { say } = options
  const parts = partsOf(settings).filter(({ kind }) => options.services || kind === 'server')
  await enterLauncherDir(settings)
  const missing = parts.filter((part) => processesBelow(part.home).length === 0)
  await refuseTakenPorts(missing)

  await using scope = new AsyncDisposableStack()
  const start = async (part: Part) => {
    const began = performance.now()
    const server = await part.start()
    if (!missing.includes(part)) return
    scope.use(server)
    say(`${part.name.padEnd(11)} ready in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  const jaeger = ensureJaeger(jaegerPart(settings), scope, say)
  const servers = parts.filter(({ kind }) => kind === 'server').map(start)
  await everyOne([...servers, jaeger.then(() => {})])
  const services = parts.filter(({ kind }) => kind === 'service')
  if (missing.length > 0)
    await everyOne(stepsOf().map((name) => runSetup(name, serviceEnvironment(settings))))
  await everyOne(services.map(start))
  scope.move()
  return { changed: missing.length > 0, jaeger: await jaeger }
}

/** Stops what runs below LOCAL_DIR, whoever started it: the services first, so that they can finish. */
export async function stopStack(settings: StackSettings): Promise<string[]> {
  const { LOCAL_DIR: dir } = settings
  await killBelow(join(dir, 'launcher'))
  const parts = [...partsOf(settings), jaegerPart(settings)]
  const running = parts.filter(({ home }) => processesBelow(home).length > 0)
  const stop = (part: Part) => stopBelow(part.home, part.stopSignal, 30_000)
  await everyOne(running.filter(({ kind }) => kind === 'service').map(stop))
  await everyOne(running.filter(({ kind }) => kind === 'server').map(stop))
  // What the parts of today do not account for: the build of Jaeger, a server of other settings.
  for (const folder of new Set([dir, postgresHome(dir)])) await stopBelow(folder, 'SIGTERM', 10_000)
  return running.map(({ name }) => name)
}

export async function forgetStack(settings: StackSettings): Promise<void> {
  await stopStack(settings)
  const home = postgresHome(settings.LOCAL_DIR)
  for (const folder of new Set([settings.LOCAL_DIR, home])) await rm(folder, { recursive: true, force: true })
}

export async function stackState(settings: StackSettings): Promise<PartState[]> {
  return Promise.all(
    [...partsOf(settings), jaegerPart(settings)].map(async ({ name, home, address, kind }) => {
      const pid = rootsBelow(home)[0]?.pid
      if (pid === undefined) return { name, state: 'stopped' as const, address }
      const admin = { writer: settings.WRITER_ADMIN_PORT, reader: settings.READER_ADMIN_PORT }[name]
      const ready = kind === 'server' || (await isReady(`http://127.0.0.1:${admin}/ready`))
      return { name, state: ready ? ('running' as const) : ('starting' as const), pid, address }
    }),
  )
}

/**
 * The launcher is found like the servers, by its working directory: two at once would start everything twice.
 * What one that was killed has left at work, like a migration or the making of data, is ended.
 */
async function enterLauncherDir(settings: StackSettings): Promise<void> {
  const dir = join(settings.LOCAL_DIR, 'launcher')
  const other = processesBelow(dir).find(({ command }) => command.includes('local-infra/src/cli/main.ts'))
  if (other) {
    throw new NotStarted([new Error(`another make up is at work (pid ${other.pid}); make down ends it`)])
  }
  await mkdir(dir, { recursive: true })
  process.chdir(dir)
  for (const folder of [dir, ...partsOf(settings).map(({ home }) => setupDir(home))]) await killBelow(folder)
}

async function refuseTakenPorts(parts: readonly Part[]): Promise<void> {
  const taken: PortInUse[] = []
  for (const { name, ports } of parts) {
    for (const port of ports) if (!(await isFree(port))) taken.push(new PortInUse(name, port))
  }
  if (taken.length > 0) throw new NotStarted(taken)
}

function stepsOf(): (keyof typeof setupSteps)[] {
  return Object.keys(setupSteps) as (keyof typeof setupSteps)[]
}

/** As Promise.all, but nothing of it is still at work when it throws. */
async function everyOne(work: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).filter((outcome) => outcome.status === 'rejected')
  if (failures.length > 0) throw new NotStarted(failures.map(({ reason }) => reason as Error))
}

async function isReady(url: string): Promise<boolean> {
  return answersOk(url).then(
    () => true,
    () => false,
  )
}
