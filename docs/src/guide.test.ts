import { expect, test } from 'vitest'
import { changed, guideSteps } from './guide.ts'

test('the blocks of a guide are what there is to do', () => {
  const markdown = [
    '```sh\necho\n```',
    '```ts\n// a/b.ts\nconst b = 1\n```',
    '```diff\n--- a/c.ts\n one\n+two\n@@\n-three\n```',
    '```console\nrm -rf /\n```',
  ].join('\n\n')
  expect(guideSteps(markdown)).toEqual([
    { kind: 'run', script: 'echo\n' },
    { kind: 'write', path: 'a/b.ts', text: 'const b = 1\n' },
    {
      kind: 'change',
      path: 'a/c.ts',
      hunks: [
        { before: 'one\n', after: 'one\ntwo\n' },
        { before: 'three\n', after: '' },
      ],
    },
  ])
})

test('a change is made where its lines stand, and nowhere else', () => {
  expect(changed('zero\none\nthree\n', [{ before: 'one\n', after: 'one\ntwo\n' }])).toBe(
    'zero\none\ntwo\nthree\n',
  )
  expect(() => changed('zero\n', [{ before: 'one\n', after: '' }])).toThrow('found 0 times')
  expect(() => changed('one\none\n', [{ before: 'one\n', after: '' }])).toThrow('found 2 times')
})
