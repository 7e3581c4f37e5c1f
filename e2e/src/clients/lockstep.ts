import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { portsOf, type Service } from '../system/services.ts'

const root = join(import.meta.dirname, '../../..')

export type Ran = { code: number; out: string; err: string; json: Record<string, unknown>[] }

/** The operators' tool as a process of its own: `pnpm lockstep ...` without pnpm, which only finds the file. */
export function lockstepOf({ writers, reader }: { writers: readonly Service[]; reader: Service }) {
  const [writer] = writers as [Service]
  const env = {
    ...process.env,
    LOCKSTEP_WRITER: `127.0.0.1:${portsOf(writer).grpc}`,
    LOCKSTEP_READER: `127.0.0.1:${portsOf(reader).grpc}`,
  }
  return (...argv: string[]): Promise<Ran> =>
    new Promise((resolve) => {
      const command = [join(root, 'cli/src/main.ts'), ...argv]
      const child = execFile(
        process.execPath,
        command,
        { env, maxBuffer: 64 * 1024 * 1024 },
        (_, out, err) => {
          const lines = argv.includes('--json') ? out.trim().split('\n').filter(Boolean) : []
          const json = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
          resolve({ code: child.exitCode ?? -1, out, err, json })
        },
      )
    })
}
