import { InvalidArgumentError } from 'commander'

/** Reads an option that has to be a whole number in decimal digits, within these bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new InvalidArgumentError(`It has to be ${min}-${max}.`)
    }
    return number
  }
}
