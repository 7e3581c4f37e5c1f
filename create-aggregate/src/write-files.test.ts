import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { UsageError } from './parse-arguments.ts'
import { writeFiles } from './write-files.ts'

test('files are written, and nothing is overwritten or added beside an existing slice', async () => {
  const root = await mkdtemp(join(tmpdir(), 'lockstep-'))
  try {
    const first = { path: 'a/b/first.ts', text: 'first\n' }
    await writeFiles(root, ['a/b'], [first])
    expect(await readFile(join(root, first.path), 'utf8')).toBe('first\n')

    const second = { path: 'c/second.ts', text: 'second\n' }
    const again = writeFiles(root, ['a/b'], [second, { ...first, text: 'other\n' }])
    await expect(again).rejects.toThrow(UsageError)
    await expect(again).rejects.toThrow('exist:\n  a/b\n  a/b/first.ts\nchoose another name, or remove')
    expect(await readFile(join(root, first.path), 'utf8')).toBe('first\n')
    await expect(readFile(join(root, second.path))).rejects.toThrow('ENOENT')
  } finally {
    await rm(root, { recursive: true })
  }
})
