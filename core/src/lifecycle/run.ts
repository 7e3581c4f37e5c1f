import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../log/log.ts'

export type Lifecycle = {
  /** Aborted when the service begins to stop: it is not ready any more, though it still serves. */
  draining: AbortSignal
  /** Ends the process with an error: something that the service cannot work without has stopped for good. */
  fail: (reason: Error) => void
}

/** SIGKILL usually follows 30 s after SIGTERM; whatever still hangs then, the process is gone by this time. */
const HARD_DEADLINE_MS = 24_000

/**
 * Runs a service until a signal: wires it, waits, then stops in reverse order of wiring and exits.
 *
 * `wire` registers each thing it acquires in the scope at once, so that a start that fails half-way, or
 * a signal in the middle of it, releases what was already acquired. Exit codes: 0 after a signal,
 * 1 when the start or a part failed or stopping took longer than 24 s.
 */
export async function run(
  options: { log: Log; drainDelayMs: number },
  wire: (scope: AsyncDisposableStack, lifecycle: Lifecycle) => Promise<void>,
): Promise<never> {
  const { log } = options
  const scope = new AsyncDisposableStack()
  const draining = new AbortController()
  const ended = Promise.withResolvers<{ reason: string; error?: unknown }>()
  const fail = (error: unknown) => ended.resolve({ reason: 'a part failed', error })

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => ended.resolve({ reason: signal }))
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)

  const started = wire(scope, { draining: draining.signal, fail }).then(() => log.info('ready'))
  started.catch(fail)
  const end = await ended.promise

  if (end.error === undefined) log.info({ reason: end.reason }, 'stopping')
  else log.fatal({ err: end.error }, `stopping: ${end.reason}`)
  setTimeout(() => {
    log.fatal(`stopping took longer than ${HARD_DEADLINE_MS} ms; leaving at once`)
    process.exit(1)
  }, HARD_DEADLINE_MS).unref()

  draining.abort()
  if (end.error === undefined) await sleep(options.drainDelayMs)
  const code = await stop(scope, log, end.error === undefined ? 0 : 1)
  log.info({ code }, 'stopped')
  process.exit(code)
}

async function stop(scope: AsyncDisposableStack, log: Log, code: number): Promise<number> {
  try {
    await scope.disposeAsync()
    return code
  } catch (error) {
    log.error({ err: error }, 'a part did not stop cleanly')
    return 1
  }
}
