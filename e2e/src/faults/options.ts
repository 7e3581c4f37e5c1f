import { randomInt } from 'node:crypto'

export type Options = {
  /** Every scenario, then random pairs until the time is over; else the short set. */
  long: boolean
  seed: number
  /** How long a long run goes on with pairs; what has begun is finished. */
  minutes: number
  /** Names of scenarios, two joined by + for a pair; empty: all. */
  only: readonly string[]
}

/** From the variables of `make faults LONG=1 SEED=7 MINUTES=60 ONLY=...`. Throws for what is no number. */
export function readOptions(env: NodeJS.ProcessEnv): Options {
  return {
    long: (env.LONG ?? '') !== '' && env.LONG !== '0',
    seed: number('SEED', env.SEED, randomInt(1_000_000)),
    minutes: number('MINUTES', env.MINUTES, 60),
    only: (env.ONLY ?? '').split(/[\s,]+/).filter(Boolean),
  }
}

function number(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined || value === '') return otherwise
  if (/^\d+$/.test(value)) return Number(value)
  throw new Error(
    `${name} must be a whole number, as in make faults ${name}=7; it is ${JSON.stringify(value)}`,
  )
}
