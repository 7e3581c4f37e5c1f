import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from '../../system/stack-test.ts'
import { schemathesis, testAgainstDocument } from './schemathesis.ts'

const noPip = 'Python with pip is not on this machine'

test('requests generated from its OpenAPI document find the writer as the document says', async ({
  stack,
  skip,
  expect,
}) => {
  const home = await schemathesis()
  if (home === undefined) return skip(noPip)
  const { url } = stack.writers[0].http
  const cases = await testAgainstDocument(home, 'writer', url, { examplesPerOperation: 40 })
  expect(cases).toBeGreaterThanOrEqual(300)
})

test('requests generated from its OpenAPI document find the reader as the document says', async ({
  stack,
  skip,
  expect,
}) => {
  const home = await schemathesis()
  if (home === undefined) return skip(noPip)
  // Many requests ask for a version that does not exist, and would wait a second for it.
  await using reader = await stack.startReader({ READER_MIN_VERSION_WAIT_MS: '0' })
  const cases = await testAgainstDocument(home, 'reader', reader.http.url, { examplesPerOperation: 40 })
  expect(cases).toBeGreaterThanOrEqual(100)
})

test('a response that the OpenAPI document does not allow is found', async ({ stack, skip, expect }) => {
  const home = await schemathesis()
  if (home === undefined) return skip(noPip)
  await using changed = await withStatus(stack.writers[0].http.url, { 404: 418 })
  const options = { examplesPerOperation: 1, operation: 'deleteProduct' }
  const run = testAgainstDocument(home, 'writer', changed.url, options)
  await expect(run).rejects.toThrow(/Undocumented status code[^]*Received: 418/)
})

/** A server that forwards to `url` and replaces some statuses of the responses. */
async function withStatus(
  url: string,
  replaced: Record<number, number>,
): Promise<AsyncDisposable & { url: string }> {
  const { hostname, port } = new URL(url)
  const server = createServer((from, to) => {
    const { method, url: path, headers } = from
    const forwarded = request({ hostname, port, method, path, headers }, (response) => {
      const status = response.statusCode ?? 500
      to.writeHead(replaced[status] ?? status, response.headers)
      response.pipe(to)
    })
    forwarded.on('error', () => to.destroy())
    from.pipe(forwarded)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
