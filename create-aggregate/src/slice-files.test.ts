import { describe, expect, test } from 'vitest'
import { parseArguments } from './parse-arguments.ts'
import { nextSteps } from './next-steps.ts'
import { sliceFiles } from './slice-files.ts'

const filesOf = (...argv: string[]) => sliceFiles(parseArguments(argv))

async function textOf(path: string, ...argv: string[]): Promise<string> {
  const file = (await filesOf(...argv)).find((each) => each.path === path)
  if (!file) throw new Error(`there is no ${path}`)
  return file.text
}

test('a slice has at most ten files, all of which name it', async () => {
  const files = await filesOf('supplier', 'name:text(250)', 'country:slug')
  expect(files.length).toBeLessThanOrEqual(10)
  expect(files.filter(({ path }) => !path.includes('supplier'))).toEqual([])
})

test('lines are broken where the project breaks them', async () => {
  const path = 'writer-service/src/warehouse/warehouse.test.ts'
  const fields = Array.from({ length: 12 }, (_, n) => `quiteLongName${n}:slug`)
  const lines = (await textOf(path, 'warehouse', ...fields)).split('\n')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(110)
})

describe('each kind of field', () => {
  const argv = [
    'item',
    'title:text(5)',
    'rank:integer(-20000,3000000)',
    'feeCents:money',
    'open:flag',
    'area:slug',
  ]

  test('in the contract', async () => {
    const contract = await textOf('contracts/proto/lockstep/item/v1/item.proto', ...argv)
    for (const line of [
      '  optional string title = 1;',
      '  optional int64 rank = 2;',
      '  optional int64 fee_cents = 3;',
      '  optional bool open = 4;',
      '  string area = 7;',
      '  google.protobuf.Timestamp created_at = 8;',
      '  // Exactly this area; empty: no filter.\n  string area = 3;',
    ]) {
      expect(contract).toContain(line)
    }
  })

  test('in the validation and the SQL view', async () => {
    const commands = await textOf('writer-service/src/item/commands.ts', ...argv)
    for (const part of [
      "title: text(1, 5).meta({ example: 'Some' })",
      'rank: wholeNumber(-20_000, 3_000_000)',
      'feeCents: wholeNumber(0, 99_999_999_999)',
      'open: z.boolean()',
      'area: slug(60)',
      "fee_cents: `(state #>> '{details,feeCents}')::bigint`",
      "open: `(state #>> '{details,open}')::boolean`",
      "import { slug, text, wholeNumber } from '../runtime/input.ts'",
    ]) {
      expect(commands).toContain(part)
    }
  })

  test('in the read model: lists are filtered by slugs, each with an index', async () => {
    const readModel = await textOf('reader-service/src/item/item-read-model.ts', ...argv)
    expect(readModel).toContain("area: slugFilter('area', 'some-area')")
    expect(readModel).toContain("name: 'newest_by_area'")
    const withoutSlug = await textOf('reader-service/src/item/item-read-model.ts', 'item', 'title:text(5)')
    expect(withoutSlug).not.toContain('slugFilter')
  })
})

test('a history and totals are files and lines of their own', async () => {
  const argv = [
    'item',
    'title:text(5)',
    'fee:integer(0,3000)',
    'area:slug',
    '--history',
    '--totals',
    'area,fee',
  ]
  const folder = 'reader-service/src/item'
  expect(await textOf(`${folder}/item-history.ts`, ...argv)).toContain('of: itemReadModel')
  const totals = await textOf(`${folder}/item-totals.ts`, ...argv)
  for (const part of [
    'group: ({ area }: Item) => area',
    'value: ({ fee }: Item) => fee',
    "idName: 'itemId'",
  ]) {
    expect(totals).toContain(part)
  }
  expect(await textOf(`${folder}/item-totals.test.ts`, ...argv)).toContain(
    "const share = { group: 'some-area', value: 0 }",
  )
  const steps = nextSteps(parseArguments(argv), [])
  for (const line of ["import { itemHistory } from './item/item-history.ts'", '    +   itemTotals,']) {
    expect(steps).toContain(line)
  }
})

test('the report counts the files and lines', () => {
  const slice = parseArguments(['supplier', 'code:slug'])
  const text = nextSteps(slice, [
    { path: 'a.ts', text: 'one\ntwo\n' },
    { path: 'b.ts', text: 'three\n' },
  ])
  expect(text).toContain('Wrote 2 files with 3 lines:\n    2  a.ts\n    1  b.ts\n')
})
