import { createLog } from '../../log/log.ts'
import { run } from '../run.ts'

/** A service of two parts that prints its steps, for `run.test.ts`. */
const mode = process.argv[2]
const step = (text: string) => console.log(`step: ${text}`)
const part = (name: string) => {
  step(`start ${name}`)
  return { [Symbol.asyncDispose]: async () => step(`stop ${name}`) }
}

await run(
  { log: createLog({ service: 'test', level: 'info' }), drainDelayMs: 0 },
  async (scope, lifecycle) => {
    lifecycle.draining.addEventListener('abort', () => step('draining'))
    scope.use(part('a'))
    if (mode === 'fails-to-start') throw new Error('cannot start b')
    scope.use(part('b'))
    // Keeps the process alive, as a listening server does.
    const timer = setInterval(() => {}, 60_000)
    scope.defer(() => clearInterval(timer))
    step('running')
    if (mode === 'fails-later') lifecycle.fail(new Error('b failed'))
    if (mode === 'throws') setImmediate(() => void Promise.reject(new Error('unhandled')))
  },
)
