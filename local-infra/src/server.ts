import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFree } from './ports.ts'
import { killBelow, portHolder, rootsBelow, signalBelow, stopBelow } from './processes.ts'

export type ServerSpec = {
  name: string
  /** Its own existing folder. It is the working directory, which identifies its processes. */
  dir: string
  command: string[]
  env?: NodeJS.ProcessEnv
  user?: { uid: number; gid: number }
  ports: number[]
  /** Rejects until the server can do its work. */
  ready(): Promise<unknown>
  readyWithinMs?: number
  stopSignal?: NodeJS.Signals
  stopWithinMs?: number
}

export type Server = AsyncDisposable & {
  readonly name: string
  readonly dir: string
  readonly logFile: string
  /** The id of its first process; undefined if it does not run. */
  readonly pid: number | undefined
  readonly ports: readonly number[]
  /** How often this object has started it. Connections from before the last start are lost. */
  readonly launches: number
  /** How the process of the last start ended; undefined while it runs. */
  readonly ended: { code: number | null; signal: NodeJS.Signals | null } | undefined
  /** Uses the same data and ports as before. If it already runs, this only waits until it is ready. */
  start(): Promise<void>
  /** Signals it to stop, and kills it if it takes too long. */
  stop(): Promise<void>
  /** Signals every process of the server, by default with SIGKILL; waits for the end only after SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** A server did not start. The message is for the user who started it. */
export class ServerFailed extends Error {
  readonly server: string
  /** The last lines of its output. */
  readonly logTail: string[]
  /** The file with its whole output, if there is one. */
  readonly logFile: string | undefined

  constructor(server: string, message: string, logTail: string[] = [], logFile?: string) {
    super(message)
    this.name = 'ServerFailed'
    this.server = server
    this.logTail = logTail
    this.logFile = logFile
  }
}

export class PortInUse extends ServerFailed {
  readonly port: number

  constructor(server: string, port: number) {
    super(server, `port ${port} is in use by ${portHolder(port) ?? 'another process'}`)
    this.name = 'PortInUse'
    this.port = port
  }
}

/**
 * Starts the server and returns when it is ready. The child has its own session and writes its own log, so it outlives
 * this process. A test that wants it to end with the test run uses throwAwayDir.
 */
export async function runServer(spec: ServerSpec): Promise<Server> {
  const logFile = `${spec.dir}/${spec.name}.log`
  let child: ChildProcess | undefined
  let launches = 0

  const server: Server = {
    name: spec.name,
    dir: spec.dir,
    logFile,
    ports: spec.ports,
    get pid() {
      return rootsBelow(spec.dir)[0]?.pid
    },
    get launches() {
      return launches
    },
    get ended() {
      if (!child || isRunning(child)) return undefined
      return { code: child.exitCode, signal: child.signalCode }
    },
    async start() {
      if (server.pid !== undefined) return whenReady(spec, logFile)
      for (const port of spec.ports) {
        if (!(await isFree(port))) throw new PortInUse(spec.name, port)
      }
      child = launch(spec, logFile)
      launches++
      await whenReady(spec, logFile, child)
    },
    async stop() {
      await stopBelow(spec.dir, spec.stopSignal ?? 'SIGTERM', spec.stopWithinMs ?? 15_000)
      await ended(child)
    },
    async kill(signal = 'SIGKILL') {
      if (signal !== 'SIGKILL') return signalBelow(spec.dir, signal)
      await killBelow(spec.dir)
      await ended(child)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }

  const ours = server.pid === undefined
  try {
    await server.start()
  } catch (error) {
    if (ours) await server.kill()
    throw error
  }
  return server
}

function launch(spec: ServerSpec, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a')
  const [program = '', ...parameters] = spec.command
  const child = spawn(program, parameters, {
    cwd: spec.dir,
    env: spec.env ?? process.env,
    detached: true,
    stdio: ['ignore', log, log],
    ...spec.user,
  })
  closeSync(log)
  child.unref()
  return child
}

async function whenReady(spec: ServerSpec, logFile: string, child?: ChildProcess): Promise<void> {
  let failure: Error | undefined
  child?.once('error', (error) => (failure = error))
  const limit = Date.now() + (spec.readyWithinMs ?? 60_000)
  for (;;) {
    if (failure) throw new ServerFailed(spec.name, failure.message)
    if (child ? !isRunning(child) : rootsBelow(spec.dir).length === 0) {
      throw new ServerFailed(spec.name, 'it ended before it was ready', lastLines(logFile), logFile)
    }
    const refusal = await spec.ready().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refusal === undefined) return
    if (Date.now() > limit) {
      const how = child ? 'it is not ready' : 'it already runs but does not respond: run make down first'
      throw new ServerFailed(spec.name, `${how} (${String(refusal)})`, lastLines(logFile), logFile)
    }
    await sleep(50)
  }
}

/** A process disappears from /proc a moment before Node reports its end. */
async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || !isRunning(child)) return
  child.ref()
  await once(child, 'exit')
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

export function lastLines(file: string, count = 15): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count)
  } catch {
    return []
  }
}
