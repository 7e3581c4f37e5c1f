import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { limitConcurrency, requestLimit } from './limit-concurrency.ts'

test('work above the limit is refused at once and does not start; finished work frees a place, also by failing', async () => {
  const metrics = new Registry()
  const admit = requestLimit({ limit: 2, metrics })
  const first = Promise.withResolvers<string>()
  const second = Promise.withResolvers<string>()
  const running = [admit(() => first.promise), admit(() => second.promise)]
  let started = false
  const late = admit(async () => (started = true))
  await expect(late).rejects.toMatchObject({ code: 'overloaded', retryable: true })
  expect(started).toBe(false)
  expect(await metrics.getSingleMetricAsString('requests_in_flight')).toContain('requests_in_flight 2')
  expect(await metrics.getSingleMetricAsString('requests_refused_total')).toContain('total 1')

  first.reject(new Error('failed'))
  await expect(running[0]).rejects.toThrow('failed')
  expect(await admit(async () => 'admitted')).toBe('admitted')
  second.resolve('done')
  expect(await running[1]).toBe('done')
  expect(await metrics.getSingleMetricAsString('requests_in_flight')).toContain('requests_in_flight 0')
})

test('a refusal has the detail of its limit', async () => {
  const limit = limitConcurrency({ limit: 0, detail: 'Too many queries wait' })
  await expect(limit(async () => {})).rejects.toThrow('Too many queries wait')
})
