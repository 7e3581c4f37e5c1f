import { expect, test } from 'vitest'
import { type CpuProfile, callTree, hottest, origins, serviceOf } from './cpu-profile.ts'
import { flameGraph } from './flame-graph.ts'

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber })

const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 6] },
    { id: 2, callFrame: frame('(idle)') },
    {
      id: 3,
      callFrame: frame('decide', 'file:///x/writer-service/src/product/product.ts', 9),
      children: [5],
    },
    { id: 4, callFrame: frame('decide', 'file:///x/writer-service/src/product/product.ts', 9) },
    { id: 5, callFrame: frame('', 'file:///x/node_modules/pg/lib/a.js', 1) },
    { id: 6, callFrame: frame('', 'file:///x/writer-service/src/main.ts') },
  ],
  samples: [2, 3, 5, 4, 4],
  timeDeltas: [1_000, 10, 20, 30, 40],
}

test('calls of one function are one, and waiting is not CPU time', () => {
  const tree = callTree(profile)
  expect(tree.micros).toBe(100)
  const [decide] = tree.calls
  expect(decide).toMatchObject({
    place: 'writer-service/src/product/product.ts:10',
    micros: 100,
    selfMicros: 80,
  })
  expect(decide?.calls[0]).toMatchObject({ name: '(anonymous)', place: 'pg/lib/a.js:2', micros: 20 })
})

test('the hottest function has the most time of its own', () => {
  const [first] = hottest(callTree(profile), 1)
  expect(first).toEqual({ label: 'decide writer-service/src/product/product.ts:10', share: 0.8 })
})

test('the origins are packages, Node and what is not JavaScript', () => {
  const place = (url: string) => frame('f', `file:///x/${url}`)
  const frames = [
    place('node_modules/.pnpm/pg@8/node_modules/pg/lib/a.js'),
    place('node_modules/@hono/node-server/index.js'),
    place('core/src/http/app.ts'),
    frame('emit', 'node:events'),
    frame('writev'),
    frame('(garbage collector)'),
  ]
  const nodes = frames.map((callFrame, index) => ({ id: index + 2, callFrame }))
  const tree = callTree({
    nodes: [{ id: 1, callFrame: frame('(root)'), children: nodes.map(({ id }) => id) }, ...nodes],
    samples: nodes.map(({ id }) => id),
    timeDeltas: [25, 20, 18, 15, 12, 10],
  })
  expect(origins(tree)).toEqual([
    { label: 'pg', share: 0.25 },
    { label: '@hono/node-server', share: 0.2 },
    { label: 'core', share: 0.18 },
    { label: 'node', share: 0.15 },
    { label: 'native code', share: 0.12 },
    { label: 'garbage collector', share: 0.1 },
  ])
})

test('a profile names its service', () => {
  expect(serviceOf(profile)).toBe('writer')
})

test('a flame graph has a box for each call, with its share', () => {
  const svg = flameGraph('writer', callTree(profile))
  expect(svg).toContain('decide writer-service/src/product/product.ts:10: 100.0 %')
  expect(svg).toContain('(anonymous) pg/lib/a.js:2: 20.0 %')
})
