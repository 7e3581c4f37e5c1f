import { schemathesis, testAgainstDocument } from './schemathesis.ts'
import { test } from '../../system/stack-test.ts'

const noPip = 'Python with pip is not on this machine'
/** Side by side: each keeps one core busy for more than a minute. */
const limit = { timeout: 480_000 }

test.concurrent(
  '2,000 requests made from its OpenAPI document find the writer as the document says',
  limit,
  async ({ stack, skip, expect }) => {
    const home = await schemathesis()
    if (home === undefined) return skip(noPip)
    const { url } = stack.writers[0].http
    const cases = await testAgainstDocument(home, 'writer', url, { examplesPerOperation: 600 })
    expect(cases).toBeGreaterThanOrEqual(2_000)
  },
)

test.concurrent(
  '2,000 requests made from its OpenAPI document find the reader as the document says',
  limit,
  async ({ stack, skip, expect }) => {
    const home = await schemathesis()
    if (home === undefined) return skip(noPip)
    // Every other request asks for a version that never comes, and would wait a second for it.
    await using reader = await stack.startReader({ READER_MIN_VERSION_WAIT_MS: '0' })
    const cases = await testAgainstDocument(home, 'reader', reader.http.url, { examplesPerOperation: 1_000 })
    expect(cases).toBeGreaterThanOrEqual(2_000)
  },
)
