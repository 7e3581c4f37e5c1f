import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFree } from './ports.ts'
import { goneBelow, portHolder, processesBelow, signalBelow } from './processes.ts'

export type ServerSpec = {
  name: string
  /** Exists already and is this server's alone: its working directory, by which its processes are known. */
  dir: string
  command: string[]
  env?: NodeJS.ProcessEnv
  user?: { uid: number; gid: number }
  ports: number[]
  /** Rejects as long as the server does not do its work. */
  ready(): Promise<unknown>
  readyWithinMs?: number
  stopSignal?: NodeJS.Signals
  stopWithinMs?: number
}

export type Server = AsyncDisposable & {
  readonly name: string
  readonly dir: string
  readonly logFile: string
  /** Of the process that was started last; undefined when it has ended. */
  readonly pid: number | undefined
  readonly ports: readonly number[]
  /** With the same data and ports as before; does nothing when it runs. */
  start(): Promise<void>
  /** Asks it to end; insists after a while. */
  stop(): Promise<void>
  /** Signals every process of the server (SIGKILL when nothing is said); waits for the end only after SIGKILL. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/** A server did not start, in words for the person who started it. */
export class ServerFailed extends Error {
  readonly server: string
  /** The last lines of the server's own log. */
  readonly logTail: string[]

  constructor(server: string, message: string, logTail: string[] = []) {
    super(message)
    this.name = 'ServerFailed'
    this.server = server
    this.logTail = logTail
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
 * Starts the server and comes back when it answers. The child gets a session of its own and writes its log
 * itself, so it outlives the process that started it; whoever wants it gone with the test run uses throwAwayDir.
 */
export async function runServer(spec: ServerSpec): Promise<Server> {
  const logFile = `${spec.dir}/${spec.name}.log`
  let child: ChildProcess | undefined

  const server: Server = {
    name: spec.name,
    dir: spec.dir,
    logFile,
    ports: spec.ports,
    get pid() {
      return child && isRunning(child) ? child.pid : undefined
    },
    async start() {
      if (server.pid !== undefined) return
      for (const port of spec.ports) {
        if (!(await isFree(port))) throw new PortInUse(spec.name, port)
      }
      child = launch(spec, logFile)
      await whenReady(spec, child, logFile)
    },
    async stop() {
      signalRoots(spec, child)
      if (!(await goneBelow(spec.dir, spec.stopWithinMs ?? 15_000))) return server.kill()
      await ended(child)
    },
    async kill(signal = 'SIGKILL') {
      signalBelow(spec.dir, signal)
      if (signal !== 'SIGKILL') return
      if (!(await goneBelow(spec.dir, 10_000))) {
        throw new Error(`${spec.name} does not end: ${JSON.stringify(processesBelow(spec.dir))}`)
      }
      await ended(child)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }

  try {
    await server.start()
  } catch (error) {
    await server.kill()
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

async function whenReady(spec: ServerSpec, child: ChildProcess, logFile: string): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  const limit = Date.now() + (spec.readyWithinMs ?? 60_000)
  for (;;) {
    if (failure) throw new ServerFailed(spec.name, failure.message)
    if (!isRunning(child)) throw new ServerFailed(spec.name, 'it ended at once', lastLines(logFile))
    const refusal = await spec.ready().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refusal === undefined) return
    if (Date.now() > limit) {
      throw new ServerFailed(spec.name, `it is not ready: ${String(refusal)}`, lastLines(logFile))
    }
    await sleep(50)
  }
}

/** Only the first process: a server tells its own children, in its own order. */
function signalRoots(spec: ServerSpec, child: ChildProcess | undefined): void {
  if (child && isRunning(child)) child.kill(spec.stopSignal ?? 'SIGTERM')
}

/** A process is out of /proc a moment before Node hears of its end. */
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
