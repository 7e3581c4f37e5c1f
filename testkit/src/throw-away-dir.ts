import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killBelow } from '@lockstep/local-infra/processes.ts'
import { postgresHome } from '@lockstep/local-infra/servers/postgres.ts'

/**
 * Waits until this process has ended, then kills each process whose working directory is in one of the folders and
 * removes the folders. A second round catches what was being started in the first. It is a separate program because
 * a process that is killed with SIGKILL cannot clean up.
 */
const watchdog = `
  cat >/dev/null
  for round in first second; do
    for folder; do
      for process in /proc/[0-9]*; do
        case $(readlink "$process/cwd" 2>/dev/null) in
          "$folder" | "$folder (deleted)" | "$folder"/*) kill -9 "\${process#/proc/}" 2>/dev/null ;;
        esac
      done
    done
    rm -rf "$@"
  done
`

export type ThrowAwayDir = { dir: string; [Symbol.asyncDispose](): Promise<void> }

/** A folder that is removed, with every server that runs in it, on disposal or when this process ends. */
export async function throwAwayDir(): Promise<ThrowAwayDir> {
  const dir = await mkdtemp(join(tmpdir(), 'lockstep-'))
  // Postgres may run as another user, who must be able to enter the folder but not to list it.
  await chmod(dir, 0o711)
  const folders = [...new Set([dir, postgresHome(dir)])]
  const guard = spawn('sh', ['-c', watchdog, 'watchdog', ...folders], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  return {
    dir,
    async [Symbol.asyncDispose]() {
      for (const folder of folders) {
        await killBelow(folder)
        await rm(folder, { recursive: true, force: true })
      }
      guard.stdin.end()
    },
  }
}
