import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { chown, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { fingerprint } from '../download-cache.ts'
import { type Server, ServerFailed, runServer } from '../server.ts'
import { makeData } from './setup-dir.ts'

export type PostgresServer = Server & { url: string }

type User = { uid: number; gid: number }

export type PostgresOptions = {
  dir: string
  port: number
  /** Created with new data. */
  user?: string
  database?: string
  /** Disables fsync: the data need not survive a power failure. */
  throwAway?: boolean
}

export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { dir, port, user: owner = 'lockstep', database = 'lockstep', throwAway } = options
  const bin = postgresBin()
  const user = postgresUser()
  const home = postgresHome(dir)
  const data = join(home, 'data')
  await prepare(home, user)
  if (!existsSync(data)) await makeData(home, (draft, cwd) => initialise(bin, draft, cwd, owner, user))
  const url = `postgres://${owner}@127.0.0.1:${port}/postgres`
  const settings = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...(throwAway ? { fsync: 'off' } : {}),
  }
  const server = await runServer({
    name: 'postgres',
    dir: home,
    command: [
      join(bin, 'postgres'),
      ...['-D', data],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    user,
    ports: [port],
    ready: () => query(url, 'select 1'),
    // SIGINT ends the sessions. SIGTERM would wait until every client has disconnected.
    stopSignal: 'SIGINT',
  })
  return Object.assign(server, { url: await createDatabase(url, database) })
}

/** Creates the database unless it exists. `url` may name any database of the same server. */
export async function createDatabase(url: string, name: string): Promise<string> {
  try {
    await query(url, `create database "${name}"`)
  } catch (error) {
    if ((error as { code?: string }).code !== '42P04') throw error
  }
  return Object.assign(new URL(url), { pathname: name }).href
}

/**
 * The folder of Postgres, if `dir` contains the folders of the other servers. Postgres refuses to run as root. If the
 * user that runs it instead cannot enter `dir` (a checkout below /root), its folder is outside.
 */
export function postgresHome(dir: string): string {
  const user = postgresUser()
  if (!user || mayEnter(dir, user)) return join(dir, 'postgres')
  return `/var/tmp/lockstep-postgres-${fingerprint(dir)}`
}

function mayEnter(dir: string, user: User): boolean {
  return spawnSync('test', ['-x', dir], { ...user, cwd: '/' }).status === 0
}

function postgresUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const entry = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m)
  if (!entry) throw new ServerFailed('postgres', 'it refuses to run as root: create a user named postgres')
  return { uid: Number(entry[1]), gid: Number(entry[2]) }
}

/**
 * Every user can write to /var/tmp, so a folder of another user is rejected. A folder of root comes from a launcher that
 * was killed before it changed the owner.
 */
async function prepare(home: string, user: User | undefined): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const { uid } = await lstat(home)
  if (!user || uid === user.uid) return
  if (uid !== 0) throw new ServerFailed('postgres', `${home} belongs to another user: remove it`)
  await chown(home, user.uid, user.gid)
}

async function initialise(
  bin: string,
  draft: string,
  cwd: string,
  owner: string,
  user?: User,
): Promise<void> {
  if (user) await chown(cwd, user.uid, user.gid)
  const options = [`--username=${owner}`, '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']
  await promisify(execFile)(join(bin, 'initdb'), ['-D', draft, ...options], { cwd, ...user })
}

/** Debian does not put the server's programs on the PATH. */
function postgresBin(): string {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const folders = [...versions.map((version) => join(debian, version, 'bin')), ...path()]
  const bin = folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))))
  if (!bin) throw new ServerFailed('postgres', 'PostgreSQL is not installed: run scripts/bootstrap servers')
  return bin
}

function path(): string[] {
  return (process.env.PATH ?? '').split(':').filter(Boolean)
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
