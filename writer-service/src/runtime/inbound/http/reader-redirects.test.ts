import { createHttpApp } from '@lockstep/core/http/app.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { noteAggregate } from '../../testing/note-aggregate.ts'
import { commandRoutes } from './command-routes.ts'
import { redirectReads } from './reader-redirects.ts'

function writer(readerUrl: string) {
  const log = createLog({ service: 'test', level: 'silent' })
  const app = createHttpApp({ log, metrics: new Registry(), admit: (work) => work() })
  commandRoutes(app, [noteAggregate], async () => ({ id: '1', version: 1 }), { timeLimitMs: 1_000 })
  redirectReads(app, [noteAggregate], readerUrl)
  return app
}
const path = '/api/v1/notes/0198c0de-7a11-7c0d-8000-5eed0000cafe'

test('a read of one aggregate is redirected to the reader, with its query and whatever its preconditions', async () => {
  const headers = { 'if-none-match': '"1"', 'if-modified-since': 'Sat, 14 Mar 2026 09:26:53 GMT' }
  const response = await writer('https://shop.example/reader').request(`${path}?minVersion=1`, { headers })
  expect(response.status).toBe(307)
  expect(response.headers.get('location')).toBe(`https://shop.example/reader${path}?minVersion=1`)
  expect(response.headers.get('cache-control')).toBe('no-store')
})

test('without the address of the reader, a read is refused', async () => {
  const response = await writer('').request(path)
  expect(response.status).toBe(404)
})
