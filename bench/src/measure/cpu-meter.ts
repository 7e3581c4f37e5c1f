import { readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { type RunningProcess, processesBelow } from '@lockstep/local-infra/processes.ts'
import { postgresHome } from '@lockstep/local-infra/servers/postgres.ts'

/**
 * The processes of the path of a command; the generator, which is this process and the programs that it ran; and the
 * server that a query is compared with.
 */
export const roles = [
  'writer',
  'postgres',
  'kafka',
  'reader',
  'mongo',
  'redis',
  'generator',
  'reference',
] as const

export type Role = (typeof roles)[number]

/** Seconds of CPU time, of the user and of the system. */
export type CpuTimes = Record<Role, number>

export type CpuMeter = { read(): CpuTimes; residentMegabytes(): Record<Role, number> }

/** USER_HZ, which is 100 on every platform of Linux that Node supports. */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4_096

/** Reads /proc for the processes of the stack in `dir`. A process and the children that it has waited for are one. */
export function cpuMeter(dir: string): CpuMeter {
  const home = postgresHome(dir)
  const all = () => {
    const found = new Map([dir, home].flatMap(processesBelow).map((each) => [each.pid, each]))
    return [...found.values()].flatMap((each) => {
      const role = roleOf(each, dir, home)
      return role === undefined ? [] : [{ role, pid: each.pid }]
    })
  }
  const sum = (of: (pid: number) => number): Record<Role, number> => {
    const totals = Object.fromEntries(roles.map((role) => [role, 0])) as Record<Role, number>
    for (const { role, pid } of all()) totals[role] += of(pid)
    totals.generator += of(process.pid)
    return totals
  }
  return {
    read: () => sum(cpuSeconds),
    residentMegabytes: () => sum(residentMegabytes),
  }
}

export function spent(before: CpuTimes, after: CpuTimes): CpuTimes {
  return Object.fromEntries(roles.map((role) => [role, after[role] - before[role]])) as CpuTimes
}

/** The folder of a process names it; replicas are `writer-traced` and so on. */
function roleOf({ cwd }: RunningProcess, dir: string, home: string): Role | undefined {
  if (cwd === home || cwd.startsWith(home + sep)) return 'postgres'
  const [folder = ''] = cwd.slice(dir.length + 1).split(sep)
  return roles.find((role) => folder === role || folder.startsWith(`${role}-`))
}

/** utime, stime, cutime and cstime: the fields 14 to 17 of /proc/PID/stat. */
function cpuSeconds(pid: number): number {
  const fields = stat(pid)
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0) / TICKS_PER_SECOND
}

/** The pages in memory: field 24. Shared pages count for every process of Postgres. */
function residentMegabytes(pid: number): number {
  return (Number(stat(pid)[21] ?? 0) * PAGE_BYTES) / 1e6
}

/** The fields behind the name of the program, which may contain spaces; a process may end between two reads. */
function stat(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
