import { expect, test } from 'vitest'
import { run } from './run.ts'

async function lockstep(...argv: string[]) {
  const printed = { out: '', err: '' }
  const code = await run(argv, {
    env: { LOCKSTEP_READER: '127.0.0.1:1' },
    stdout: { write: (text: string) => (printed.out += text) },
    stderr: { write: (text: string) => Boolean((printed.err += text)) },
  })
  return { code, ...printed }
}

test('help lists the commands and the exit codes, and exits with 0', async () => {
  const { code, out } = await lockstep('--help')
  expect(code).toBe(0)
  expect(out).toContain('errors')
  expect(out).toContain('2 wrong usage')
  expect((await lockstep('errors', 'redrive', '--help')).code).toBe(0)
})

test.each<[string, string[], string]>([
  ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
  ['an empty address', ['--reader', '', 'errors', 'list'], 'expected host:port, such as db:5432'],
  ['an address without a port', ['--writer', '::1', 'republish', 'product', '--all'], '[::1]:5432'],
  ['a day that does not exist', ['errors', 'list', '--since', '2026-02-30'], 'a time that exists'],
  ['an unknown option', ['errors', 'list', '--colour'], "unknown option '--colour'"],
  ['an invalid time', ['errors', 'list', '--since', 'noon'], '2026-03-14T09:26:53Z'],
  ['a partition above 32 bits', ['errors', 'show', 'product.events/99999999999/1'], '0 to 2147483647'],
  ['an offset above 2^53', ['errors', 'show', 'a.events/1/99999999999999999999'], '0 to 9007199254740991'],
  [
    'a generation above 2^53',
    ['rebuild', 'product', '--switch-to', '9007199254740993'],
    '0 to 9007199254740991',
  ],
  [
    'a version above 2^53',
    ['republish', 'product', '--all', '--after', '0198c0de-7a11-7c0d-8000-5eed0000cafe/99999999999999999999'],
    '0 to 9007199254740991',
  ],
  ['an invalid record', ['errors', 'show', '7'], 'topic/partition/offset'],
  ['a redrive without a selection', ['errors', 'redrive'], 'Select records'],
  ['a discard without a reason', ['errors', 'discard', '--all'], '--reason'],
  ['a rate of 0', ['errors', 'redrive', '--all', '--rate', '0'], '1 to 10000'],
  ['a republish without an aggregate', ['republish', '--all'], 'lockstep republish product --all'],
  ['a republish of two aggregates', ['republish', 'product', 'stock', '--all'], 'too many arguments'],
  ['a republish without a selection', ['republish', 'product'], 'Select events with --id'],
  ['an invalid position', ['republish', 'product', '--all', '--after', 'x'], 'id/version'],
  ['an audit without a read model', ['audit'], 'lockstep rebuild --status lists the read models'],
  ['an invalid age limit', ['audit', 'product', '--age-limit', '10s'], '0 to 600000'],
  ['a rebuild without a read model', ['rebuild'], 'lockstep rebuild product'],
  ['a drop without a read model', ['rebuild', '--drop-old'], 'Name the read model'],
  ['a switch without a read model', ['rebuild', '--switch-to', '1'], 'Name the read model'],
  ['an invalid generation', ['rebuild', 'product', '--switch-to', 'new'], 'whole number from 0'],
  ['a snapshot without a file', ['snapshot', 'save'], "missing required argument 'file'"],
  ['an import of two files', ['import', 'a', 'b'], 'too many arguments'],
  ['two actions at once', ['rebuild', 'product', '--status', '--drop-old'], 'Use only one of'],
])('%s is wrong usage, and the message shows the right one', async (_, argv, right) => {
  const { code, out, err } = await lockstep(...argv)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(right)
})

test.each([
  [{ LOCKSTEP_READER: 'reader' }, 2, 'LOCKSTEP_READER: "reader" is not valid: expected host:port'],
  [{ LOCKSTEP_TLS_CA_FILE: '/no/such/file' }, 1, 'LOCKSTEP_TLS_CA_FILE'],
])(
  'with the environment %j the command ends with %i and says which setting is wrong',
  async (env, code, right) => {
    const printed = { err: '' }
    const streams = {
      stdout: { write: () => true },
      stderr: { write: (text: string) => Boolean((printed.err += text)) },
    }
    expect(await run(['errors', 'list'], { env, ...streams })).toBe(code)
    expect(printed.err).toContain(right)
  },
)

test('an argument that is repeated in a message cannot reorder it', async () => {
  const { err } = await lockstep('\u202efrob')
  expect(err).toContain(String.raw`unknown command '\u202efrob'`)
})

test('a service that cannot be reached is a problem, and the message names the option for its address', async () => {
  const { code, err } = await lockstep('errors', 'list')
  expect(code).toBe(1)
  expect(err).toContain('The reader at 127.0.0.1:1 cannot be reached')
  expect(err).toContain('--reader')
})
