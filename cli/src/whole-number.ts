import { InvalidArgumentError } from 'commander'

/** A number above it cannot be sent in a field of type int32. */
export const MAX_INT32 = 2 ** 31 - 1

/** Parses an option that must be a whole number in decimal digits, within these bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    }
    return number
  }
}
