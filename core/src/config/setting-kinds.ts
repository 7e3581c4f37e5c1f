import { MAX_TIMER_MS } from '../async/with-timeout.ts'
import type { Setting } from './settings.ts'

/** The kinds of settings. Each takes the default as text (undefined: the setting is required) and the help text. */

export function text(fallback: string | undefined, help: string): Setting<string> {
  return { parse: (value) => value, default: fallback, help, secret: false }
}

/** A password. Logs show `***`. */
export function secret(fallback: string | undefined, help: string): Setting<string> {
  return { ...text(fallback, help), secret: true }
}

export function integer(
  fallback: number,
  range: { min: number; max: number },
  help: string,
): Setting<number> {
  return {
    parse: (value) => {
      const number = Number(value)
      if (!/^\d+$/.test(value) || number < range.min || number > range.max) {
        throw new Error(`expected a whole number from ${range.min} to ${range.max}`)
      }
      return number
    },
    default: String(fallback),
    help,
    secret: false,
  }
}

/** A TCP port; 0 lets the operating system choose one. */
export function port(fallback: number, help: string): Setting<number> {
  return integer(fallback, { min: 0, max: 65_535 }, help)
}

/** How long something waits, in milliseconds. Throws a RangeError for a range in which a timer would overflow. */
export function milliseconds(
  fallback: number,
  range: { min: number; max: number },
  help: string,
): Setting<number> {
  if (range.max > MAX_TIMER_MS) throw new RangeError(`no timer waits for ${range.max} ms`)
  return integer(fallback, range, help)
}

/** A share from 0 to 1. */
export function ratio(fallback: number, help: string): Setting<number> {
  return {
    parse: (value) => {
      const number = Number(value)
      if (value.trim() === '' || !(number >= 0 && number <= 1))
        throw new Error('expected a number from 0 to 1')
      return number
    },
    default: String(fallback),
    help,
    secret: false,
  }
}

export function flag(fallback: boolean, help: string): Setting<boolean> {
  return {
    parse: (value) => {
      if (value !== 'true' && value !== 'false') throw new Error('expected true or false')
      return value === 'true'
    },
    default: String(fallback),
    help,
    secret: false,
  }
}

export function oneOf<const T extends string>(
  fallback: NoInfer<T>,
  options: readonly T[],
  help: string,
): Setting<T> {
  return {
    parse: (value) => {
      const found = options.find((option) => option === value)
      if (found === undefined) throw new Error(`expected one of ${options.join(', ')}`)
      return found
    },
    default: fallback,
    help,
    secret: false,
  }
}
