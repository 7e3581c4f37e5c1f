import { randomInt } from 'node:crypto'
import type { Scenario } from '../scenarios/scenario.ts'

export type Options = {
  /** Every scenario, then random pairs until the time is over; otherwise the short set. */
  long: boolean
  seed: number
  /** How long a long run starts further pairs, in minutes. */
  minutes: number
  /** Single scenarios and pairs; empty means all. */
  only: readonly (readonly Scenario[])[]
}

/**
 * From the variables of `make faults LONG=1 SEED=7 MINUTES=60 ONLY="name other+third"`. Throws for a value that is not
 * a number and for an unknown name.
 */
export function readOptions(env: NodeJS.ProcessEnv, all: readonly Scenario[]): Options {
  const only = (env.ONLY ?? '').split(/[\s,]+/).filter(Boolean)
  return {
    long: (env.LONG ?? '') !== '' && env.LONG !== '0',
    seed: number('SEED', env.SEED, randomInt(1_000_000)),
    minutes: number('MINUTES', env.MINUTES, 60),
    only: only.map((names) => names.split('+').map((name) => named(all, name))),
  }
}

function number(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined || value === '') return otherwise
  if (/^\d+$/.test(value)) return Number(value)
  throw new Error(
    `${name} must be a whole number, as in make faults ${name}=7; it is ${JSON.stringify(value)}`,
  )
}

function named(all: readonly Scenario[], name: string): Scenario {
  const found = all.find((scenario) => scenario.name === name)
  if (found) return found
  throw new Error(
    `ONLY: there is no scenario ${name}; the scenarios are ${all.map((each) => each.name).join(', ')}`,
  )
}
