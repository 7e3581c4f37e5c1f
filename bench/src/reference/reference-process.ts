import { fork } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { v8Options } from '@lockstep/local-infra/servers/service.ts'

/**
 * Starts a reference in a process of its own, as the services are; returns when it is ready. Its working directory is in
 * the folder of the stack, by which the CPU meter finds it.
 */
export async function startReference(
  script: 'constant-http' | 'constant-grpc',
  stackDir: string,
  parameters: readonly string[],
): Promise<AsyncDisposable> {
  const child = await forked(script, stackDir, parameters)
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
  ])
  return {
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** Runs the reference of the projection; calls `onBegin` when its warm-up is over, and returns what it then did. */
export async function runBulkWriter<T>(
  stackDir: string,
  parameters: readonly string[],
  onBegin: () => void,
): Promise<T> {
  const child = await forked('bulk-writer', stackDir, parameters)
  const ended = once(child, 'exit')
  const next = () =>
    Promise.race([
      once(child, 'message'),
      ended.then(([code]) => Promise.reject(new Error(`bulk-writer ended with ${code}`))),
    ]) as Promise<[T]>
  await next()
  onBegin()
  const [result] = await next()
  await ended
  return result
}

async function forked(script: string, stackDir: string, parameters: readonly string[]) {
  const cwd = join(stackDir, 'reference')
  await mkdir(cwd, { recursive: true })
  const env = { ...process.env, NODE_ENV: 'production' }
  // The options of the services, not those of this process: a relative --env-file does not exist in `cwd`.
  return fork(join(import.meta.dirname, `${script}.ts`), parameters, { cwd, env, execArgv: [...v8Options] })
}
