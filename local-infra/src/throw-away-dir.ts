import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { killBelow } from './processes.ts'
import { postgresHome } from './servers/postgres.ts'

/**
 * Reads until this process has gone, whatever ended it, then kills what has its working directory in one of
 * the folders and removes them; twice, for what was just being started the first time. A program of its own, because
 * a process killed with SIGKILL can clean up nothing.
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

/** A folder that goes, with every server started in it, when it is disposed of or this process ends. */
export async function throwAwayDir(): Promise<ThrowAwayDir> {
  const dir = await mkdtemp(join(tmpdir(), 'lockstep-'))
  // Postgres may run as another user: it has to pass through, not to look around.
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
