import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { collectSpans } from './testing/collect-spans.ts'
import { currentTrace, currentTraceparent, currentWork, withSharedSpan, withSpan } from './tracing.ts'

const remote = (flags: '00' | '01') => `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`

test('spans have their names, times, attributes and errors, and a span inside another is its child', async () => {
  const startedAt = Date.now()
  const [inner, outer] = await collectSpans(1, () =>
    withSpan('outer', { kind: 'server', attributes: { route: '/é' } }, async (add) => {
      await withSpan('inner', {}, () => Promise.reject(new Error('lost'))).catch(() => {})
      await sleep(5)
      add({ status: 201, none: 0, large: 5_000_000_000 })
    }),
  )
  expect(outer).toMatchObject({ name: 'outer', kind: 2, parentSpanId: undefined, error: undefined })
  expect(outer!.attributes).toEqual({ route: '/é', status: 201, none: 0, large: 5_000_000_000 })
  expect(inner).toMatchObject({ kind: 1, traceId: outer!.traceId, parentSpanId: outer!.spanId })
  expect(inner!.error).toBe('Error: lost')
  const durationMs = Number(outer!.endNs - outer!.startNs) / 1e6
  expect(durationMs).toBeGreaterThan(4)
  expect(durationMs).toBeLessThan(5_000)
  expect(Math.abs(Number(outer!.startNs) / 1e6 - startedAt)).toBeLessThan(5_000)
})

test('above the limit of a second, only traces that a caller records have spans', async () => {
  const spans = await collectSpans(
    1,
    async () => {
      for (let n = 0; n < 5_000; n++) await withSpan('started here', {}, async () => {})
      await withSpan('continued', { parent: remote('01') }, async () => {})
    },
    3,
  )
  const names = spans.map(({ name }) => name)
  expect(names.at(-1)).toBe('continued')
  // Three for each second that the calls touched.
  expect((names.length - 1) % 3).toBe(0)
  expect(names.length).toBeLessThan(100)
})

test('a trace that is not recorded has no spans, but one id for its log lines and its events', async () => {
  const seen: (string | undefined)[] = []
  const spans = await collectSpans(0, () =>
    withSpan('outer', { requestId: 'r-1' }, () =>
      withSpan('inner', {}, async () => {
        seen.push(currentTraceparent(), currentTraceparent(), currentWork().requestId)
        expect(currentTraceparent()).toContain(currentWork().traceId)
      }),
    ),
  )
  expect(spans).toEqual([])
  expect(seen[0]).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/)
  expect(seen).toEqual([seen[0], seen[0], 'r-1'])
})

test("a caller's decision takes precedence over the ratio; a text that is no traceparent decides nothing", async () => {
  const inside = (parent: string) => withSpan('work', { parent }, async () => currentTraceparent())
  const spans = await collectSpans(0, async () => {
    expect(await inside(remote('01'))).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-.*-01$/)
    expect(await inside(remote('00'))).toBe(remote('00'))
  })
  expect(spans).toMatchObject([
    { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', parentSpanId: '00f067aa0ba902b7' },
  ])
  expect(await collectSpans(1, () => inside(remote('00')))).toEqual([])
  for (const text of [
    '',
    'garbage',
    `ff${remote('00').slice(2)}`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-00`,
  ])
    expect(await collectSpans(1, () => inside(text))).toMatchObject([{ parentSpanId: undefined }])
})

test("a caller's tracestate is passed on with its trace, recorded or not", async () => {
  const tracestate = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'
  const inside = (parent: string) =>
    withSpan('work', { parent, tracestate }, () =>
      withSpan('inner', {}, async () => currentTrace().tracestate),
    )
  const spans = await collectSpans(0, async () => {
    expect(await inside(remote('01'))).toBe(tracestate)
    expect(await inside(remote('00'))).toBe(tracestate)
    expect(await inside('garbage')).toBeUndefined()
  })
  expect(spans.map(({ traceState }) => traceState)).toEqual([tracestate, tracestate])
})

test('work that traces share has a span in each of them that is recorded', async () => {
  const spans = await collectSpans(0, () =>
    withSharedSpan('commit', { parents: [remote('01'), remote('00'), undefined] }, () =>
      Promise.reject(new Error('lost')),
    ).catch(() => {}),
  )
  expect(spans).toMatchObject([{ name: 'commit', parentSpanId: '00f067aa0ba902b7', error: 'Error: lost' }])
})

test('work outside a service that traces runs without a span', async () => {
  expect(await withSpan('work', { requestId: 'r-2' }, async () => currentWork().requestId)).toBe('r-2')
  expect(await withSpan('work', {}, async () => currentTraceparent())).toBeUndefined()
})
