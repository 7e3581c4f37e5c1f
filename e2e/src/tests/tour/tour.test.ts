import { expect, test } from 'vitest'
import { missingLines, tourSteps } from './tour.ts'

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
## Other
\`\`\`sh
rm -rf /
\`\`\`
`

test('the steps are the blocks of the section with their outputs', () => {
  expect(tourSteps(markdown, 'Tour')).toEqual([{ command: 'echo one \\\n  two\n', shown: 'one two\n' }])
})

test('a command without an output is refused: nothing would be checked', () => {
  expect(() => tourSteps(markdown, 'Other')).toThrow('no output is shown')
})

test('lines are found in order, with anything between them', () => {
  const output = 'HTTP/1.1 201 Created\r\ndate: now\r\netag: "1"\r\n\r\n{"id":"a.b","version":1}'
  expect(missingLines('HTTP/1.1 201 Created\netag: "1"\n{"id":"…","version":1}\n', output)).toEqual([])
  expect(missingLines('etag: "1"\nHTTP/1.1 201 Created\n', output)).toEqual(['HTTP/1.1 201 Created'])
  expect(missingLines('{"id":"a-b",…\n', output)).toEqual(['{"id":"a-b",…'])
})
