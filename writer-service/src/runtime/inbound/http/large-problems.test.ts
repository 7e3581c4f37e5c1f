import { createHttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { productAggregate } from '../../../product/commands.ts'
import { commandRoutes } from './command-routes.ts'

const app = createHttpApp({
  log: createLog({ service: 'test', level: 'silent' }),
  metrics: new Registry(),
  admit: (work) => work(),
})
const execute = () => Promise.reject(new Error('an invalid request was executed'))
commandRoutes(app, [productAggregate], execute, { timeLimitMs: 60_000 })

const post = (body: object) =>
  app.request('/api/v1/products', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('a request with 25,000 unknown fields gets a small problem, which says how many there are', async () => {
  const body = Object.fromEntries(Array.from({ length: 25_000 }, (_, n) => [n.toString(36), 0]))
  const text = await (await post({ name: 'Tea', priceCents: 1, ...body })).text()
  expect(text.length).toBeLessThan(2_500)
  const problem = JSON.parse(text) as { detail: string; errors: unknown[] }
  expect(problem.errors).toHaveLength(20)
  expect(problem.detail).toContain('with 24980 more')
})

test('a field with a name of 200,000 characters is not repeated in full', async () => {
  const response = await post({ name: 'Tea', priceCents: 1, ['🫖'.repeat(50_000)]: 0 })
  expect(response.status).toBe(400)
  expect((await response.text()).length).toBeLessThan(1_000)
})
