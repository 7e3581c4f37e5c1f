import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

// Includes pages that are not added to git yet, so that a new page is checked before it is committed.
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
const pages = listed
  .trim()
  .split('\n')
  .filter((page) => existsSync(join(root, page)))

test.each(pages)('%s links to files that exist', (page) => {
  const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```$/gms, '')
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = '']) => link)
  const broken = links.filter((link) => !existsSync(join(root, dirname(page), link)))
  expect(broken).toEqual([])
})

test('docs/architecture.md lists all decisions', () => {
  const architecture = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  const decisions = pages.filter((page) => page.startsWith('docs/adr/'))
  const listedThere = decisions.filter((page) => architecture.includes(`(${page.replace('docs/', '')})`))
  expect(listedThere).toEqual(decisions)
})
