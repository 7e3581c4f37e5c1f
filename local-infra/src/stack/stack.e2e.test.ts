import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePorts } from '../ports.ts'
import { processesBelow } from '../processes.ts'
import { postgresHome } from '../servers/postgres.ts'
import { type ThrowAwayDir, throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'

/** Runs the make targets with their own folder and ports, so another stack may be up. */
describe('make up, down and reset on this machine', () => {
  let folder: ThrowAwayDir
  let env: NodeJS.ProcessEnv
  let postgresUrl: string

  beforeAll(async () => {
    folder = await throwAwayDir()
    const ports = await freePorts(16)
    const port = () => String(ports.pop())
    postgresUrl = `postgres://lockstep@127.0.0.1:${port()}/lockstep`
    const names = ['WRITER_HTTP', 'WRITER_GRPC', 'WRITER_ADMIN', 'READER_HTTP', 'READER_GRPC', 'READER_ADMIN']
    const local = ['KAFKA_CONTROLLER', 'PROMETHEUS', 'JAEGER', 'JAEGER_GRPC', 'OTLP_GRPC', 'OTLP_HTTP']
    env = {
      ...process.env,
      LOCAL_INFRA: 'native',
      LOCAL_DIR: folder.dir,
      POSTGRES_URL: postgresUrl,
      KAFKA_BROKERS: `127.0.0.1:${port()}`,
      MONGO_URL: `mongodb://127.0.0.1:${port()}/lockstep`,
      REDIS_URL: `redis://127.0.0.1:${port()}`,
      ...Object.fromEntries(names.map((name) => [`${name}_PORT`, port()])),
      ...Object.fromEntries(local.map((name) => [`LOCAL_${name}_PORT`, port()])),
    }
  })

  afterAll(() => folder[Symbol.asyncDispose]())

  test('up starts every part and prints the addresses', async () => {
    const { output, code } = await make('up')
    expect(output).toMatch(/^Using programs of this machine: \S/m)
    expect(output).toContain('Lockstep is up')
    expect(output).toContain(`http://127.0.0.1:${env.WRITER_HTTP_PORT}/docs`)
    expect(code).toBe(0)
    const docs = await fetch(`http://127.0.0.1:${env.WRITER_HTTP_PORT}/docs`)
    expect(docs.status).toBe(200)
    await sql('create table kept (what text)')
  })

  test('a second up reports that it runs and changes nothing', async () => {
    const before = pids()
    const { output, code } = await make('up')
    expect(output).toContain(
      'already up; nothing was changed (to run changed code: make down && make up, or make dev)',
    )
    expect(code).toBe(0)
    expect(pids()).toEqual(before)
  })

  test('status names each part and its process', async () => {
    const { output } = await make('status')
    for (const part of ['postgres', 'kafka', 'mongo', 'redis', 'prometheus', 'writer', 'reader']) {
      expect(output).toMatch(new RegExp(`^${part} +running +\\d+ `, 'm'))
    }
  })

  test('up restarts a killed server, and only that server', async () => {
    const before = pids()
    const redis = processesBelow(join(folder.dir, 'redis')).map(({ pid }) => pid)
    for (const pid of redis) process.kill(pid, 'SIGKILL')
    const { output } = await make('up')
    expect(output).toMatch(/^redis +ready/m)
    expect(output).not.toMatch(/^postgres +ready/m)
    expect(pids()).toEqual(expect.arrayContaining(before.filter((pid) => !redis.includes(pid))))
  })

  test('down leaves no process, and the data is available after the next up', async () => {
    const { output } = await make('down')
    expect(output).toContain('Stopped: ')
    expect(processes()).toEqual([])
    expect(await make('up')).toMatchObject({ code: 0 })
    await sql('select * from kept')
  })

  test('up completes, and down stops, what a launcher that was killed with -9 left', async () => {
    await make('down')
    await killLauncherAt('redis')
    const { output, code } = await make('up')
    expect(output).toMatch(/^Lockstep is up/m)
    expect(code).toBe(0)
    await sql('select * from kept')

    await make('down')
    await killLauncherAt('kafka')
    expect(processes()).not.toEqual([])
    await make('down')
    expect(processes()).toEqual([])
  })

  test('a launcher that is killed while it initialises data leaves no incomplete data', async () => {
    await make('reset')
    expect(processes()).toEqual([])
    // Arbitrary moments: each may interrupt another step.
    for (const wait of [500, 900, 1300, 1700]) {
      const launcher = start('up')
      await sleep(wait)
      launcher.child.kill('SIGKILL')
      await once(launcher.child, 'close')
    }
    expect(await make('up')).toMatchObject({ code: 0 })
    await expect(sql('select * from kept')).rejects.toThrow('does not exist')
  })

  test('if a port is in use, up names the process and the setting of the port, and starts nothing', async () => {
    await make('down')
    await using _taken = await listen(Number(env.READER_HTTP_PORT))
    const { output, code } = await make('up')
    expect(output).toContain(`port ${env.READER_HTTP_PORT} is in use by`)
    expect(output).toContain(`(pid ${process.pid})`)
    expect(output).toContain('READER_HTTP_PORT')
    expect(output).not.toContain('    at ')
    expect(code).toBe(1)
    expect(processes()).toEqual([])
  })

  test('if a server fails to start, up prints its last lines and what to do, and no stack trace', async () => {
    await make('down')
    const bad = {
      ...env,
      MONGO_URL: 'mongodb://127.0.0.1:1/lockstep',
      POSTGRES_URL: 'postgres://no-such@127.0.0.1:2/x',
    }
    const { output, code } = await make('up', bad)
    expect(output).toContain('make reset')
    expect(output).toContain('  | ')
    expect(output).toMatch(/The whole log is in \S+postgres.log/)
    expect(output).not.toContain('    at ')
    expect(code).toBe(1)
    // Until Jaeger is built, `up` builds it in the background.
    expect(processes().filter(({ cwd }) => !cwd.endsWith('/jaeger-build'))).toEqual([])
  })

  test('all invalid settings are listed at once', async () => {
    const { output, code } = await make('up', { ...env, LOCAL_INFRA: 'cloud', LOCAL_JAEGER_PORT: 'x' })
    expect(output).toContain('LOCAL_INFRA')
    expect(output).toContain('LOCAL_JAEGER_PORT')
    expect(code).toBe(1)
  })

  /** Starts the launcher like the make target does, but as a direct child, so that it can be killed. */
  function start(command: string, environment = env): { child: ChildProcess; text(): string } {
    const main = join(import.meta.dirname, '../cli/main.ts')
    const child = spawn(process.execPath, [main, command], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    child.stderr.on('data', (chunk) => (output += String(chunk)))
    return { child, text: () => output }
  }

  async function make(command: string, environment = env): Promise<{ output: string; code: number | null }> {
    const { child, text } = start(command, environment)
    await once(child, 'close')
    return { output: text(), code: child.exitCode }
  }

  async function killLauncherAt(part: string): Promise<void> {
    const { child, text } = start('up')
    await until(() => text().includes(`${part} `), `${part} is ready`)
    child.kill('SIGKILL')
    await once(child, 'close')
  }

  function processes() {
    return [...new Set([folder.dir, postgresHome(folder.dir)])].flatMap((dir) => processesBelow(dir))
  }

  /** Without child processes, because Postgres replaces some of its own. */
  function pids(): number[] {
    const all = processes()
    return all.filter(({ parent }) => !all.some(({ pid }) => pid === parent)).map(({ pid }) => pid)
  }

  async function sql(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: postgresUrl })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
})

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const limit = Date.now() + 60_000; !condition(); await sleep(20)) {
    if (Date.now() > limit) throw new Error(`timed out: ${what}`)
  }
}

async function listen(port: number): Promise<AsyncDisposable> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
