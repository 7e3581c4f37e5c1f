import { execFile, execFileSync } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { expect, test } from 'vitest'
import { changed, guideSteps } from './guide.ts'

const root = join(import.meta.dirname, '../..')

test('whoever follows "Add your own aggregate" has one that passes the checks', async () => {
  await using folder = await throwAwayDir()
  const copy = join(folder.dir, 'lockstep')
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const file of files.trim().split('\n')) {
    await cp(join(root, file), join(copy, file)).catch((error: NodeJS.ErrnoException) => {
      // Listed, and deleted in the working tree.
      if (error.code !== 'ENOENT') throw error
    })
  }
  const run = async (script: string) => {
    try {
      await promisify(execFile)('bash', ['-euc', script], { cwd: copy, env: { ...process.env, CI: '1' } })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`${script}\n${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`, { cause: error })
    }
  }
  await run('pnpm install --frozen-lockfile --prefer-offline')

  const guide = await readFile(join(root, 'docs/add-your-own-aggregate.md'), 'utf8')
  for (const step of guideSteps(guide)) {
    if (step.kind === 'run') await run(step.script)
    else if (step.kind === 'write') await writeFile(join(copy, step.path), step.text)
    else {
      const file = join(copy, step.path)
      await writeFile(file, changed(await readFile(file, 'utf8'), step.hunks))
    }
  }
  await expect(run('pnpm types')).resolves.toBeUndefined()
  await expect(
    run('pnpm vitest run --project unit supplier docs/src/generated-files'),
  ).resolves.toBeUndefined()
  // Of the copies on real servers, those that go through all of a service; the others take minutes.
  await expect(
    run('pnpm vitest run --project int supplier-store supplier/read-path'),
  ).resolves.toBeUndefined()
})
