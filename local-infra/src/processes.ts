import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { basename, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export type RunningProcess = { pid: number; parent: number; cwd: string; program: string; command: string }

/** What local-infra starts. Redis' package makes redis-server a link to redis-check-rdb. */
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
 * The servers that run with a working directory below `dir`. Every server gets one of its own, so this finds
 * them whoever started them and however the starter ended: a pid file can be stale, this cannot. The program
 * is compared as well, so a shell that somebody opened in there is not taken for a server.
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

/** Those that were started first; a server tells its own children to stop, in its own order. */
export function rootsBelow(dir: string): RunningProcess[] {
  const all = processesBelow(dir)
  return all.filter(({ parent }) => !all.some(({ pid }) => pid === parent))
}

/** Asks what runs below `dir` to end, and insists after a while. */
export async function stopBelow(dir: string, signal: NodeJS.Signals, withinMs: number): Promise<void> {
  for (const { pid } of rootsBelow(dir)) send(pid, signal)
  if (await goneBelow(dir, withinMs)) return
  await killBelow(dir)
}

export async function killBelow(dir: string): Promise<void> {
  signalBelow(dir, 'SIGKILL')
  if (await goneBelow(dir, 10_000)) return
  throw new Error(`These do not end: ${JSON.stringify(processesBelow(dir))}`)
}

/** Sends the signal to all of them; each is the leader of a group, or alone. */
export function signalBelow(dir: string, signal: NodeJS.Signals): void {
  for (const { pid } of processesBelow(dir)) {
    if (!send(-pid, signal)) send(pid, signal)
  }
}

/** Waits until nothing runs below `dir`; false when the time is over. */
export async function goneBelow(dir: string, withinMs: number): Promise<boolean> {
  const limit = Date.now() + withinMs
  while (processesBelow(dir).length > 0) {
    if (Date.now() > limit) return false
    await sleep(20)
  }
  return true
}

/** Who listens on this port of the loopback or of all addresses, as far as this user may see it. */
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

/** The second field behind the program's name, which is in brackets and may hold anything. */
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

// A process may end between two looks at it, and other users' processes cannot be read: both are "not there".

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
