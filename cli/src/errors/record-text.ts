import type {
  DeadLetter,
  GetDeadLetterResponse,
  RecordPosition,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { foreignText } from '../terminal-text.ts'
import { decodeEvent } from './decode-event.ts'

/** The form of a record on the command line and in a list. */
export function positionText(position: RecordPosition | undefined): string {
  return position ? `${position.topic}/${position.partition}/${position.offset}` : ''
}

/** One line of a list. */
export function deadLetterLine(deadLetter: DeadLetter): string {
  const { resolution } = deadLetter
  const result = foreignText(
    resolution
      ? `${resolution.outcome} by ${resolution.by}${resolution.reason && `: ${resolution.reason}`}`
      : deadLetter.errorMessage,
  )
  return [
    deadLetter.failedAt?.toISOString() ?? '',
    foreignText(positionText(deadLetter.position)).padEnd(24),
    foreignText(deadLetter.errorClass).padEnd(12),
    `${deadLetter.attempts}x`,
    foreignText(bytesText(deadLetter.key)).padEnd(36),
    result.length > 80 ? `${result.slice(0, 79)}…` : result,
  ].join('  ')
}

/** The dead letter for programs. A key that is not text is also given in base64. */
export function deadLetterJson(deadLetter: DeadLetter): object {
  const { key, position, ...rest } = deadLetter
  return {
    record: positionText(position),
    ...position,
    key: key?.toString('utf8') ?? null,
    ...(key && !isText(key) && { keyBase64: key.toString('base64') }),
    ...rest,
  }
}

/** The whole record: its error, its headers, and its value decoded or as a hex dump. */
export function recordText({ deadLetter, value, headers }: GetDeadLetterResponse): string {
  if (!deadLetter) return ''
  const lines: [string, string][] = [
    ['record', positionText(deadLetter.position)],
    ['key', bytesText(deadLetter.key)],
    ['class', deadLetter.errorClass],
    ['message', deadLetter.errorMessage],
    ['attempts', String(deadLetter.attempts)],
    ['first failed', deadLetter.firstFailedAt?.toISOString() ?? ''],
    ['last failed', deadLetter.failedAt?.toISOString() ?? ''],
    ['state', deadLetter.resolution ? resolvedText(deadLetter.resolution) : 'open'],
  ]
  const payload = value && decodeEvent(deadLetter.position?.topic ?? '', value)
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

export function recordJson({ deadLetter, value, headers }: GetDeadLetterResponse): object {
  const payload = value && decodeEvent(deadLetter?.position?.topic ?? '', value)
  return {
    ...(deadLetter && deadLetterJson(deadLetter)),
    headers: headers.map(({ name, value: bytes }) => ({
      name,
      value: bytes?.toString('utf8') ?? null,
      ...(bytes && !isText(bytes) && { valueBase64: bytes.toString('base64') }),
    })),
    valueBase64: value?.toString('base64') ?? null,
    ...(payload && { payload }),
  }
}

function resolvedText({ outcome, by, at, reason }: NonNullable<DeadLetter['resolution']>): string {
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
