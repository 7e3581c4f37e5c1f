import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { basename, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type RunningProcess = { pid: number; parent: number; cwd: string; program: string; command: string }

/** The programs that local-infra starts. In the Redis package, redis-server is a link to redis-check-rdb. */
const programs = new Set([
  'postgres',
  'initdb',
  'java',
  'mongod',
  'redis-server',
  'redis-check-rdb',
  'prometheus',
  'jaeger',
  'toxiproxy-server',
  'node',
  'go',
])

/**
 * The servers whose working directory is below `dir`. Every server has its own, so this finds a server whichever process
 * started it and however that process ended; unlike a pid file, it is never stale. The program is compared too, because
 * a user's shell in such a folder is not a server.
 */
export function processesBelow(dir: string): RunningProcess[] {
  return pids().flatMap((pid) => {
    const cwd = link(`/proc/${pid}/cwd`)
    const program = basename(link(`/proc/${pid}/exe`) ?? '')
    const below = cwd === dir || cwd?.startsWith(dir + sep)
    if (!cwd || !below || !programs.has(program) || pid === process.pid) return []
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    return [{ pid, parent: parentOf(pid), cwd, program, command }]
  })
}

/** The processes without a parent among them: a server stops its own children, in its own order. */
export function rootsBelow(dir: string): RunningProcess[] {
  const all = processesBelow(dir)
  return all.filter(({ parent }) => !all.some(({ pid }) => pid === parent))
}

/** Signals what runs below `dir`, and kills what still runs after `withinMs`. */
export async function stopBelow(dir: string, signal: NodeJS.Signals, withinMs: number): Promise<void> {
  for (const { pid } of rootsBelow(dir)) send(pid, signal)
  if (await goneBelow(dir, withinMs)) return
  await killBelow(dir)
}

export async function killBelow(dir: string): Promise<void> {
  signalBelow(dir, 'SIGKILL')
  if (await goneBelow(dir, 10_000)) return
  throw new Error(`These processes do not end; kill them manually: ${JSON.stringify(processesBelow(dir))}`)
}

/** Signals every process below `dir`, and its process group if it is the leader of one. */
export function signalBelow(dir: string, signal: NodeJS.Signals): void {
  for (const { pid } of processesBelow(dir)) {
    if (!send(-pid, signal)) send(pid, signal)
  }
}

/** Waits until no process runs below `dir`; false after `withinMs`. */
export async function goneBelow(dir: string, withinMs: number): Promise<boolean> {
  const limit = Date.now() + withinMs
  while (processesBelow(dir).length > 0) {
    if (Date.now() > limit) return false
    await sleep(20)
  }
  return true
}

/** The process that listens on this port of the loopback or of all addresses, if this user may see it. */
export function portHolder(port: number): string | undefined {
  const inodes = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listening(file, port))
  if (inodes.length === 0) return undefined
  const pid = pids().find((candidate) =>
    entries(`/proc/${candidate}/fd`).some((fd) => {
      const target = link(`/proc/${candidate}/fd/${fd}`)
      return inodes.some((inode) => target === `socket:[${inode}]`)
    }),
  )
  return pid === undefined ? undefined : `${basename(link(`/proc/${pid}/exe`) ?? 'a process')} (pid ${pid})`
}

/** The fields of /proc/net/tcp: number, local address, remote address, state (0A = listening), ..., inode. */
function listening(file: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return read(file)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === '0A')
    .flatMap((fields) => fields[9] ?? [])
}

/** The second field after the program's name, which is in brackets and may contain any character. */
function parentOf(pid: number): number {
  const [, rest = ''] = read(`/proc/${pid}/stat`).match(/\) (.*)$/s) ?? []
  return Number(rest.split(' ')[1])
}

function pids(): number[] {
  return entries('/proc').map(Number).filter(Number.isInteger)
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

// A process may end between two reads, and other users' processes cannot be read: both count as absent.

function link(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/ \(deleted\)$/, '')
  } catch {
    return undefined
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
