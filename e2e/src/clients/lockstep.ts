import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { portsOf, type Service } from '../system/services.ts'

const root = join(import.meta.dirname, '../../..')

export type Ran = { code: number; out: string; err: string; json: Record<string, unknown>[] }

/** The operators' tool as a process of its own: `pnpm lockstep ...` without pnpm, which only finds the file. */
export function lockstepOf(services: Services) {
  const start = startLockstep(services)
  return (...argv: string[]): Promise<Ran> => start(...argv).ended
}

type Services = { writers: readonly Service[]; reader: Service }

export type StartedTool = { pid: number | undefined; ended: Promise<Ran>; kill: () => void }

/** As `lockstepOf`, for a process that a test kills: its code is -1 then. */
export function startLockstep({ writers, reader }: Services) {
  const [writer] = writers as [Service]
  const env = {
    ...process.env,
    LOCKSTEP_WRITER: `127.0.0.1:${portsOf(writer).grpc}`,
    LOCKSTEP_READER: `127.0.0.1:${portsOf(reader).grpc}`,
  }
  return (...argv: string[]): StartedTool => {
    const { promise, resolve } = Promise.withResolvers<Ran>()
    const command = [join(root, 'cli/src/main.ts'), ...argv]
    const child = execFile(process.execPath, command, { env, maxBuffer: 64 * 1024 * 1024 }, (_, out, err) => {
      const lines = argv.includes('--json') ? out.trim().split('\n').filter(Boolean) : []
      const json = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      resolve({ code: child.exitCode ?? -1, out, err, json })
    })
    return { pid: child.pid, ended: promise, kill: () => void child.kill('SIGKILL') }
  }
}
