import { expect, test } from 'vitest'
import { run } from './run.ts'

async function lockstep(...argv: string[]) {
  const said = { out: '', err: '' }
  const code = await run(argv, {
    env: { LOCKSTEP_READER: '127.0.0.1:1' },
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => Boolean((said.err += text)) },
  })
  return { code, ...said }
}

test('help names the commands and the exit codes, and is no error', async () => {
  const { code, out } = await lockstep('--help')
  expect(code).toBe(0)
  expect(out).toContain('errors')
  expect(out).toContain('2 wrong usage')
  expect((await lockstep('errors', 'redrive', '--help')).code).toBe(0)
})

test.each<[string, string[], string]>([
  ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
  ['an unknown option', ['errors', 'list', '--colour'], "unknown option '--colour'"],
  ['an unknown group', ['errors', 'list', '--group', 'x'], 'Allowed choices are product-projection'],
  ['a time that is none', ['errors', 'list', '--since', 'noon'], '2026-03-14T09:26:53Z'],
  ['a record that is none', ['errors', 'show', '7'], 'topic/partition/offset'],
  ['a redrive of nothing in particular', ['errors', 'redrive'], 'Say which records'],
  ['a rate of none', ['errors', 'redrive', '--all', '--rate', '0'], '1-10000'],
  ['a republication of nothing in particular', ['republish'], 'Say which events'],
  ['a position that is none', ['republish', '--all', '--after', 'x'], 'product/version'],
  ['an age limit that is none', ['audit', '--age-limit', '10s'], '0-600000'],
  ['two things at once', ['rebuild', '--status', '--drop-old'], 'Say one of'],
  ['a discard without a reason', ['errors', 'discard', '--all'], '--reason'],
])('%s is wrong usage, and what would be right is said', async (_, argv, right) => {
  const { code, out, err } = await lockstep(...argv)
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toContain(right)
})

test('a service that does not answer is a problem, and the option that names another is said', async () => {
  const { code, err } = await lockstep('errors', 'list')
  expect(code).toBe(1)
  expect(err).toContain('The reader at 127.0.0.1:1 cannot be reached')
  expect(err).toContain('--reader')
})
