import { ProductEvent } from '@lockstep/contracts/gen/lockstep/product/v1/events.ts'
import type {
  ErrorEntry,
  GetErrorResponse,
  RecordPlace,
} from '@lockstep/contracts/gen/lockstep/ops/v1/error_records.ts'
import { topics } from '@lockstep/contracts/topics.ts'

/** Escapes foreign text for a terminal: it cannot move the cursor, change colours or fake a line of our output. */
function foreignText(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The form of a record on the command line and in a list. */
export function placeText(place: RecordPlace | undefined): string {
  return place ? `${place.topic}/${place.partition}/${place.offset}` : ''
}

/** One line of a list. */
export function entryLine(entry: ErrorEntry): string {
  const { settlement } = entry
  const became = foreignText(
    settlement
      ? `${settlement.outcome} by ${settlement.by}${settlement.reason && `: ${settlement.reason}`}`
      : entry.errorMessage,
  )
  return [
    entry.failedAt?.toISOString() ?? '',
    placeText(entry.place).padEnd(24),
    foreignText(entry.errorClass).padEnd(12),
    `${entry.attempts}x`,
    foreignText(bytesText(entry.key)).padEnd(36),
    became.length > 80 ? `${became.slice(0, 79)}…` : became,
  ].join('  ')
}

/** The entry for programs. A key that is not text is also given in base64. */
export function entryJson(entry: ErrorEntry): object {
  const { key, place, ...rest } = entry
  return {
    record: placeText(place),
    ...place,
    key: key?.toString('utf8') ?? null,
    ...(key && !isText(key) && { keyBase64: key.toString('base64') }),
    ...rest,
  }
}

/** The whole record: its error, its headers, and its value decoded or as a hex dump. */
export function recordText({ entry, value, headers }: GetErrorResponse): string {
  if (!entry) return ''
  const lines: [string, string][] = [
    ['record', placeText(entry.place)],
    ['key', bytesText(entry.key)],
    ['class', entry.errorClass],
    ['message', entry.errorMessage],
    ['attempts', String(entry.attempts)],
    ['first failed', entry.firstFailedAt?.toISOString() ?? ''],
    ['last failed', entry.failedAt?.toISOString() ?? ''],
    ['state', entry.settlement ? settledText(entry.settlement) : 'open'],
  ]
  const payload = value && decodedPayload(entry.place?.topic, value)
  return [
    ...lines.map(([name, text]) => `${name.padEnd(13)} ${foreignText(text)}`),
    '',
    'headers',
    ...headers.map(({ name, value: bytes }) => `  ${foreignText(name)}: ${foreignText(bytesText(bytes))}`),
    '',
    value === undefined ? 'no value' : `value, ${value.length} bytes${payload ? '' : ', cannot be decoded'}`,
    ...(payload
      ? JSON.stringify(payload, undefined, 2).split('\n').map(foreignText)
      : hexDump(value ?? Buffer.alloc(0))),
  ].join('\n')
}

export function recordJson({ entry, value, headers }: GetErrorResponse): object {
  const payload = value && decodedPayload(entry?.place?.topic, value)
  return {
    ...(entry && entryJson(entry)),
    headers: headers.map(({ name, value: bytes }) => ({
      name,
      value: bytes?.toString('utf8') ?? null,
      ...(bytes && !isText(bytes) && { valueBase64: bytes.toString('base64') }),
    })),
    valueBase64: value?.toString('base64') ?? null,
    ...(payload && { payload }),
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Undefined for bytes that are not a message of this topic, or that parse only by accident. */
function decodedPayload(topic: string | undefined, value: Buffer): object | undefined {
  if (topic !== topics.productEvents) return undefined
  try {
    const event = ProductEvent.decode(value)
    return uuid.test(event.eventId) ? (ProductEvent.toJSON(event) as object) : undefined
  } catch {
    return undefined
  }
}

function settledText({ outcome, by, at, reason }: NonNullable<ErrorEntry['settlement']>): string {
  return `${outcome} by ${by} at ${at?.toISOString()}${reason && `: ${reason}`}`
}

/** Whether the bytes are UTF-8 without control characters other than white space. */
function isText(bytes: Buffer): boolean {
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) && !/[^\P{Cc}\t\n\r]/u.test(text)
}

function bytesText(bytes: Buffer | undefined): string {
  if (bytes === undefined) return '(null)'
  return isText(bytes) ? bytes.toString('utf8') : `0x${bytes.toString('hex')}`
}

/** Sixteen bytes per line: the offset, the bytes in hex, and the printable characters. */
export function hexDump(bytes: Buffer): string[] {
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, line) => {
    const part = bytes.subarray(line * 16, line * 16 + 16)
    const hex = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const shown = part.toString('latin1').replaceAll(/[^ -~]/g, '.')
    return `${(line * 16).toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  |${shown}|`
  })
}
