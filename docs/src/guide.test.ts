import { expect, test } from 'vitest'
import { changedFiles, linesToAdd, missingLines, stepsOf, withLines } from './guide.ts'

const markdown = `# A
## Tour
Do:
\`\`\`sh
echo one \\
  two
\`\`\`
\`\`\`text
one two
\`\`\`
\`\`\`sh
true
\`\`\`
## Other
\`\`\`console
rm -rf /
\`\`\`
\`\`\`sh
false
\`\`\`
`

test('the steps are the sh blocks with the outputs that follow them', () => {
  const tour = [
    { command: 'echo one \\\n  two\n', shown: 'one two\n' },
    { command: 'true\n', shown: undefined },
  ]
  expect(stepsOf(markdown, 'Tour')).toEqual(tour)
  expect(stepsOf(markdown)).toEqual([...tour, { command: 'false\n', shown: undefined }])
  expect(() => stepsOf(markdown, 'Missing')).toThrow('no section Missing')
})

test('lines are found in order, with anything between them', () => {
  const output = 'HTTP/1.1 201 Created\r\ndate: now\r\netag: "1"\r\n\r\n{"id":"a.b","version":1}'
  expect(missingLines('HTTP/1.1 201 Created\netag: "1"\n{"id":"…","version":1}\n', output)).toEqual([])
  expect(missingLines('etag: "1"\nHTTP/1.1 201 Created\n', output)).toEqual(['HTTP/1.1 201 Created'])
  expect(missingLines('{"id":"a-b",…\n', output)).toEqual(['{"id":"a-b",…'])
})

test('the lines to add are those of the output, below the paths of their files', () => {
  const output =
    'Wrote:\n  144  a/b.ts\n\nAdd:\n  a/list.ts\n    + import { b }\n    +   b,\n  c/list.ts\n    +   d,\n\nRun:\n'
  const lines = new Map([
    ['a/list.ts', ['import { b }', '  b,']],
    ['c/list.ts', ['  d,']],
  ])
  expect(linesToAdd(output)).toEqual(lines)
})

test('an import is added at the top, and an entry to the list', () => {
  const list = "import { a } from './a.ts'\n\nexport const all: Entry[] = [\n  a,\n]\n"
  expect(withLines(list, ["import { b } from './b.ts'", '  b,'])).toBe(
    "import { b } from './b.ts'\nimport { a } from './a.ts'\n\nexport const all: Entry[] = [\n  b,\n  a,\n]\n",
  )
  expect(() => withLines('export const all = a\n', ['  b,'])).toThrow('no list')
})

test('changed files are new or existing, with their numbers of lines', () => {
  const numstat = '1\t1\ta/list.ts\n144\t0\tb/new.ts\n'
  expect(changedFiles(numstat, new Set(['a/list.ts']))).toEqual([
    { path: 'a/list.ts', isNew: false, lines: 2 },
    { path: 'b/new.ts', isNew: true, lines: 144 },
  ])
})
