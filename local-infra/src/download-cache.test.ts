import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { cached } from './download-cache.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lockstep-cache-'))
  vi.stubEnv('XDG_CACHE_HOME', dir)
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(dir, { recursive: true, force: true })
})

test('two first uses at the same time both receive a complete folder', async () => {
  const build = async (draft: string) => {
    await writeFile(join(draft, 'first'), '')
    await new Promise((resolve) => setImmediate(resolve))
    await writeFile(join(draft, 'second'), '')
  }
  const [one, other] = await Promise.all([cached('tool/1', build), cached('tool/1', build)])
  expect(one).toBe(other)
  expect(await readdir(one)).toEqual(['first', 'second'])
  expect(await readdir(join(dir, 'lockstep/tool'))).toEqual(['1'])
})

test('a failed build leaves nothing and is repeated', async () => {
  await expect(cached('tool/1', () => Promise.reject(new Error('no network')))).rejects.toThrow('no network')
  expect(await readdir(join(dir, 'lockstep/tool'))).toEqual([])
  const build = vi.fn<() => Promise<void>>().mockResolvedValue()
  await cached('tool/1', build)
  await cached('tool/1', build)
  expect(build).toHaveBeenCalledOnce()
})
