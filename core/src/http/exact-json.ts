import type { FieldViolation } from '../errors/app-error.ts'

/**
 * `JSON.parse` keeps the last of two equal keys, and rounds a number that has no exact place among the doubles. This
 * finds both, so that no command differs from the text that its caller sent.
 *
 * The scan of the text takes several times as long as the parse, so a cheap test decides whether it can find anything.
 */

/** A response lists fewer; the others are only counted, because their paths could take gigabytes. */
const MAX_NAMED = 100
const notNamed = { field: 'body', message: 'has more values like these' }

/** The outermost parts of a path that is reported. */
const MAX_PATH_PARTS = 8

/** 15 digits survive a double (IEEE 754 binary64), unless an exponent makes them too large or too small. */
const MAX_SURE_LENGTH = 15
const longNumber = /[\s,[]-?\d(?:[\d.]{15}|[\d.]*[eE])/

/** The fields that differ from the text of which `value` is the result of `JSON.parse`. */
export function inexactFields(text: string, value: unknown): readonly FieldViolation[] {
  return mayDiffer(text, value) ? scan(text) : none
}

const none: readonly FieldViolation[] = []

/** Looks only at what is around each colon: a key before it, and often a number behind it. */
function mayDiffer(text: string, value: unknown): boolean {
  let keys = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    if (isBehindQuote(text, at)) keys++
    if (isBeforeLongNumber(text, at)) return true
  }
  // A text may look like a key, so there may be too many keys, but never too few.
  if (keys > keysIn(value)) return true
  return text.includes('[') ? longNumber.test(text) : typeof value === 'number'
}

const [SPACE, QUOTE, MINUS, DOT, ZERO, NINE, SMALL_E, LARGE_E] = [32, 34, 45, 46, 48, 57, 101, 69]

function isBehindQuote(text: string, colon: number): boolean {
  let at = colon - 1
  while (text.charCodeAt(at) <= SPACE) at--
  return text.charCodeAt(at) === QUOTE
}

function isBeforeLongNumber(text: string, colon: number): boolean {
  let at = colon + 1
  while (text.charCodeAt(at) <= SPACE) at++
  if (text.charCodeAt(at) === MINUS) at++
  const start = at
  for (; ; at++) {
    const code = text.charCodeAt(at)
    if ((code >= ZERO && code <= NINE) || code === DOT) continue
    return at > start && (at - start > MAX_SURE_LENGTH || code === SMALL_E || code === LARGE_E)
  }
}

/** Not recursive: 256 KiB of text can be nested 100,000 levels deep. */
function keysIn(value: unknown): number {
  let count = 0
  const remaining = [value]
  while (remaining.length > 0) {
    const container = remaining.pop()
    const isList = Array.isArray(container)
    for (const key in container as object) {
      if (!isList) count++
      const inner = (container as Record<string, unknown>)[key]
      if (typeof inner === 'object' && inner !== null) remaining.push(inner)
    }
  }
  return count
}

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\]:,]/g

/** An object or a list around the current token, and the key or the index where the token is. */
type Container = { keys: Set<string> | undefined; at: string | number; awaitsKey: boolean }

function scan(text: string): FieldViolation[] {
  const violations: FieldViolation[] = []
  const containers: Container[] = []
  const report = (message: string) => {
    if (violations.length >= MAX_NAMED) return violations.push(notNamed)
    const path = containers.slice(0, MAX_PATH_PARTS).map(({ at }) => at)
    return violations.push({ field: path.join('.') || 'body', message })
  }
  for (const [token] of text.matchAll(tokens)) {
    const inner = containers.at(-1)
    if (token === '{') containers.push({ keys: new Set(), at: '', awaitsKey: true })
    else if (token === '[') containers.push({ keys: undefined, at: 0, awaitsKey: false })
    else if (token === '}' || token === ']') containers.pop()
    else if (token === ':') inner!.awaitsKey = false
    else if (token === ',') advance(inner!)
    else if (!token.startsWith('"')) {
      if (!isExact(token)) report(`is not exact: it would become ${Number(token)}`)
    } else if (inner?.awaitsKey) {
      const key = JSON.parse(token) as string
      inner.at = key
      if (inner.keys!.has(key)) report('must be given once')
      inner.keys!.add(key)
    }
  }
  return violations
}

function advance(container: Container): void {
  if (container.keys) container.awaitsKey = true
  else container.at = Number(container.at) + 1
}

/** Whether the shortest text of the double has the value of this text. */
function isExact(number: string): boolean {
  return canonical(number) === canonical(String(Number(number)))
}

/** The digits without zeros at either end, and the power of ten that they are multiplied with. */
function canonical(number: string): string {
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? []
  if (whole === undefined) return number
  const digits = whole + fraction
  let first = 0
  while (digits[first] === '0') first++
  if (first === digits.length) return '0'
  // A regular expression would try each zero in the middle as the start of the end.
  let end = digits.length
  while (digits[end - 1] === '0') end--
  return `${sign}${digits.slice(first, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}
