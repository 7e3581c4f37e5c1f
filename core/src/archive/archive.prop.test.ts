import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ArchiveError, openArchive, writeArchive } from './archive.ts'

const entries = fc.array(fc.json({ maxDepth: 2 }), { maxLength: 30 })

async function* each<T>(values: readonly T[]) {
  for (const value of values) yield await Promise.resolve(value)
}

async function archiveOf(texts: readonly string[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(writeArchive({ readModel: 'note' }, each(texts))))
}

async function readAll(...chunks: Buffer[]): Promise<{ header: object; texts: string[]; count: number }> {
  const { header, entries: lines } = await openArchive(each(chunks))
  const texts: string[] = []
  for (;;) {
    const next = await lines.next()
    if (next.done) return { header, texts, count: next.value.count }
    texts.push(next.value)
  }
}

test('an archive returns the header and the entries, however its bytes are cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.integer({ min: 1, max: 400 }), async (texts, size) => {
      const bytes = await archiveOf(texts)
      const chunks: Buffer[] = []
      for (let from = 0; from < bytes.length; from += size) chunks.push(bytes.subarray(from, from + size))
      expect(await readAll(...chunks)).toEqual({
        header: { format: 'lockstep', formatVersion: 1, readModel: 'note' },
        texts,
        count: texts.length,
      })
    }),
    { numRuns: 30 },
  )
})

test('gunzip shows the header, the entries and the trailer, one per line', async () => {
  const lines = gunzipSync(await archiveOf(['{"a":1}', '[]']))
    .toString()
    .trimEnd()
    .split('\n')
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { format: 'lockstep', formatVersion: 1, readModel: 'note' },
    { a: 1 },
    [],
    { count: 2, sha256: expect.stringMatching(/^[\da-f]{64}$/) as string },
  ])
})

test('every truncation is found', async () => {
  const bytes = await archiveOf(['{"name":"teapot"}', '{"name":"cup"}', '{"count":0}'])
  for (let length = 0; length < bytes.length; length++) {
    await expect(readAll(bytes.subarray(0, length)), `${length} bytes`).rejects.toThrow(ArchiveError)
  }
})

test('an altered bit in any byte is found, also where gzip ignores it', async () => {
  const bytes = await archiveOf(['{"name":"teapot"}'])
  for (let index = 0; index < bytes.length; index++) {
    const altered = Buffer.from(bytes)
    altered[index]! ^= 1 << (index % 8)
    await expect(readAll(altered), `byte ${index}`).rejects.toThrow(ArchiveError)
  }
})

test('any altered, inserted, removed or appended bytes of any archive are found', async () => {
  const change = fc.record({ at: fc.nat(), remove: fc.nat(40), insert: fc.uint8Array({ maxLength: 40 }) })
  await fc.assert(
    fc.asyncProperty(entries, change, async (texts, { at, remove, insert }) => {
      const bytes = await archiveOf(texts)
      const from = at % (bytes.length + 1)
      const altered = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)])
      fc.pre(!altered.equals(bytes))
      await expect(readAll(altered)).rejects.toThrow(ArchiveError)
    }),
    { numRuns: 100 },
  )
})

test('an archive of another format version is refused with its version', async () => {
  const bytes = Buffer.concat(await Array.fromAsync(writeArchive({ formatVersion: 2 }, each([]))))
  await expect(readAll(bytes)).rejects.toThrow('format version 2')
})

test('an error of the source reaches the writer of the file, and nothing that was written is a whole archive', async () => {
  async function* failing() {
    yield '{"a":1}'
    await Promise.reject(new Error('the store is gone'))
  }
  const written: Buffer[] = []
  const writing = (async () => {
    for await (const chunk of writeArchive({}, failing())) written.push(chunk)
  })()
  await expect(writing).rejects.toThrow('the store is gone')
  await expect(readAll(...written)).rejects.toThrow(ArchiveError)
})

test('a reader that leaves ends the source', async () => {
  let ended = false
  async function* source() {
    try {
      for (;;) yield await Promise.resolve('x'.repeat(10_000))
    } finally {
      ended = true
    }
  }
  for await (const chunk of writeArchive({}, source())) if (chunk.length > 0) break
  await expect.poll(() => ended).toBe(true)
})
