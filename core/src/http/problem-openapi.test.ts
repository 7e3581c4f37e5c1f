import { expect, test } from 'vitest'
import { problemDocs } from './problem-openapi.ts'

const sold = { kind: 'conflict', code: 'sold_out', title: 'Nothing is left' } as const
const describeProblems = problemDocs([sold.code])

test('codes of the same status are one response with an example of each', () => {
  const responses = describeProblems(['malformed', 'invalid', sold.code, 'invalid'], {
    refusals: { [sold.code]: sold },
  })
  expect(responses).toMatchObject({
    400: {
      description: '`malformed`: The request cannot be read; `invalid`: The request breaks a rule',
      content: {
        'application/problem+json': { examples: { malformed: {}, invalid: { value: { status: 400 } } } },
      },
    },
    409: { description: '`sold_out`: Nothing is left' },
  })
  expect(Object.keys(responses)).toEqual(['400', '409'])
})

test('a code that is neither in the catalogue nor a refusal is a bug', () => {
  expect(() => describeProblems([sold.code])).toThrow('sold_out is neither')
})
