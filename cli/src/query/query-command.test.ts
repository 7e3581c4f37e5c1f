import { expect, test } from 'vitest'
import { fakeServices, id } from '../testing/fake-services.ts'

test.each<[string[], object, string, string]>([
  [
    ['list', '--search', 'tea', '--category', 'kitchen', '--sort=-name', '--page-size', '5'],
    { search: 'tea', category: 'kitchen', sort: '-name', pageSize: 5, pageToken: '' },
    `${id}  version 3  kitchen  3490  Teapot`,
    'more: --page-token next\n',
  ],
  [['count', '--search', 'tea'], { search: 'tea', category: '' }, 'more than 10000', ''],
  [
    ['top', '--by', 'updatedAt', '--limit', '3'],
    { category: '', by: 'updatedAt', limit: 3 },
    'cached, 7 ms old',
    '',
  ],
  [
    ['totals', '--sort=-sum'],
    { category: '', sort: '-sum', productId: '' },
    'kitchen  2 products  sum 30  10 to 20',
    '',
  ],
  [
    ['history', id, '--page-token', 'next'],
    { id, pageToken: 'next' },
    '3  updated  2026-03-15T10:00:00.000Z  priceCents: 1 -> 2',
    '',
  ],
])('query %j sends the options, and prints the result', async (argv, request, printed, more) => {
  using services = await fakeServices()
  const { code, out, err } = await services.lockstep('query', ...argv)
  expect({ code, err }).toEqual({ code: 0, err: more })
  expect(out).toContain(printed)
  expect(services.requests).toMatchObject([request])
})
