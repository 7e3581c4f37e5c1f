import { status } from '@grpc/grpc-js'
import type { ErrorCode } from '@lockstep/core/errors/app-error.ts'
import { rawCall, rawSession, type RawResponse } from '@lockstep/core/grpc/testing/raw-call.ts'
import fc from 'fast-check'
import { portsOf, type Reader, type Writer } from '../../system/services.ts'
import { test } from '../../system/stack-test.ts'
import { callOf, type FuzzCall } from './grpc-calls.ts'
import { commands, queries, toOperators, type FuzzMessage } from './grpc-messages.ts'

/** The number of calls, also for a long run by hand: FUZZ_CASES=50000. */
const cases = Number(process.env['FUZZ_CASES'] || 1_000)
const timeout = 300_000 + cases * 100

/** The statuses of success and of an error of the caller. */
const fair = new Set([
  status.OK,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.ABORTED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
])
const serverErrors: readonly ErrorCode[] = ['internal', 'overloaded', 'unavailable', 'outcome_unknown']

/** Clients refuse larger ones. RFC 9113 counts 32 bytes beside each name and value. */
const MAX_TRAILERS = 8_192

function problemOf(call: FuzzCall, response: RawResponse): string | undefined {
  const { status: ended, code, headers } = response
  const size = Object.entries(headers).reduce(
    (sum, [name, text]) => sum + name.length + String(text).length + 32,
    0,
  )
  if (size > MAX_TRAILERS) return `has ${size} bytes of trailers`
  if (ended === undefined) return 'has no status'
  if (call.code !== undefined && code !== call.code) return `is not ${call.code}`
  if (ended === status.OK) return undefined
  if (call.decodes && call.code === undefined && code === 'malformed') return 'does not name a field'
  if (code === undefined || headers['x-request-id'] === undefined) return 'does not have our trailers'
  // A damaged message may ask for a version that does not exist, and a deadline may be short.
  if (code === 'read_model_behind' || code === 'deadline_exceeded') return undefined
  return fair.has(ended) && !serverErrors.some((each) => each === code)
    ? undefined
    : 'is an error of the service'
}

async function expectFair(service: Writer | Reader, messages: fc.Arbitrary<FuzzMessage>, numRuns: number) {
  await using session = rawSession(`http://127.0.0.1:${portsOf(service).grpc}`)
  const property = fc.asyncProperty(callOf(messages), async (call) => {
    const response = await rawCall(session, call.path, call.body, call.headers)
    const problem = problemOf(call, response)
    if (problem === undefined) return
    const shown = `${response.status} ${response.code} ${response.message.slice(0, 500)}`
    throw new Error(`the response to ${call.path} ${problem}: ${shown}`)
  })
  await fc.assert(property, { numRuns: Math.ceil(numRuns) })
}

test('no call of any kind causes an error of the writer', { timeout }, async ({ stack }) => {
  await expectFair(stack.writers[0], commands, cases * 0.45)
})

test('no call of any kind causes an error of the reader', { timeout }, async ({ stack }) => {
  await expectFair(stack.reader, queries, cases * 0.45)
})

test('no call to the operators API causes an error of the writer', { timeout }, async ({ stack }) => {
  // Fewer: the valid ones read the error topic, which takes longer.
  await expectFair(stack.writers[0], toOperators, cases * 0.1)
})
