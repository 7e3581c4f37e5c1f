import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export type ReferenceProcess = AsyncDisposable & { pid: number }

/** Starts a reference in a process of its own, as the services are; returns when it is ready. */
export async function startReference(
  script: 'constant-http' | 'constant-grpc',
  parameters: readonly string[],
): Promise<ReferenceProcess> {
  const child = fork(join(import.meta.dirname, `${script}.ts`), parameters, {
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
  ])
  return {
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}

/** Runs a reference to its end; returns what it sends. */
export async function runReference<T>(script: 'bulk-writer', parameters: readonly string[]): Promise<T> {
  const child = fork(join(import.meta.dirname, `${script}.ts`), parameters)
  const ended = once(child, 'exit')
  const [result] = (await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
  ])) as [T]
  await ended
  return result
}
