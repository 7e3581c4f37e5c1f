import { setTimeout as sleep } from 'node:timers/promises'
import { withTimeout } from '../async/with-timeout.ts'
import type { Log } from '../log/log.ts'

export type Lifecycle = {
  /** Aborted when the service begins to stop: it reports not ready, but still serves requests. */
  draining: AbortSignal
  /** Stops the process with an error: a part that the service needs has stopped permanently. */
  fail: (reason: Error) => void
}

/** SIGKILL usually follows 30 s after SIGTERM. The process ends before that, even if a part hangs. */
const HARD_DEADLINE_MS = 24_000

/**
 * Runs a service until a signal: wires it, waits, stops its parts in reverse order and exits.
 *
 * `wire` registers each acquired resource in the scope at once, so a failed start, or a signal during the start,
 * releases what was acquired. Exit codes: 0 after a signal, 1 if the start or a part failed or the stop took longer
 * than 24 s.
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

  const drainAndStop = async () => {
    draining.abort()
    if (end.error === undefined) await sleep(options.drainDelayMs)
    const code = await stop(scope, log, end.error === undefined ? 0 : 1)
    log.info({ code }, 'stopped')
    return code
  }
  const code = await withTimeout(drainAndStop(), HARD_DEADLINE_MS, () => {
    log.fatal(`stopping took longer than ${HARD_DEADLINE_MS} ms; exiting now`)
    return 1
  })
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
