import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { saveArchive } from './archive-file.ts'

test('the source is read at once: an error that arrives while the file is opened is not left unhandled', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-archive-'))
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
  let read = false
  async function* failing() {
    read = true
    yield await Promise.reject<Buffer>(new Error('the call failed'))
  }
  const saving = saveArchive(join(folder, 'file'), failing())
  expect(read).toBe(true)
  await expect(saving).rejects.toThrow('the call failed')
  expect(await readdir(folder)).toEqual([])
})
