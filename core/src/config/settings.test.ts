import { describe, expect, it } from 'vitest'
import { addresses, otlpEndpoint, postgresUrl } from './address-kinds.ts'
import { flag, integer, milliseconds, oneOf, port, ratio, secret, text } from './setting-kinds.ts'
import { ConfigError, readSettings, showSettings } from './settings.ts'

const settings = {
  APP_PORT: port(5001, 'Where it listens'),
  APP_DATABASE: { ...postgresUrl('', 'The database'), default: undefined },
  APP_RATIO: ratio(1, 'A share'),
  APP_LEVEL: oneOf('info', ['info', 'debug'], 'How much is logged'),
  APP_TLS: flag(false, 'Whether to use TLS'),
  APP_BROKERS: addresses('a:1', 'Where the brokers are'),
  APP_PASSWORD: secret('', 'The password'),
  APP_NAME: text('shop', 'The name'),
  APP_TRACES: otlpEndpoint('Where traces go'),
  APP_POOL: integer(10, { min: 1, max: 20 }, 'Connections'),
}
const least = { APP_DATABASE: 'postgres://me:hunter2@db:5432/shop' }

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readSettings(settings, env, ['APP_'])
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('settings', () => {
  it('a setting that is not set has its default', () => {
    expect(readSettings(settings, least)).toEqual({
      APP_PORT: 5001,
      APP_DATABASE: least.APP_DATABASE,
      APP_RATIO: 1,
      APP_LEVEL: 'info',
      APP_TLS: false,
      APP_BROKERS: ['a:1'],
      APP_PASSWORD: '',
      APP_NAME: 'shop',
      APP_TRACES: '',
      APP_POOL: 10,
    })
  })

  it('no setting may wait for longer than a timer can', () => {
    const longest = 2 ** 31 - 1
    expect(milliseconds(0, { min: 0, max: longest }, '').parse(String(longest))).toBe(longest)
    expect(() => milliseconds(0, { min: 0, max: longest + 1 }, '')).toThrow('no timer')
  })

  it('an empty variable counts as not set, as in compose files and .env files', () => {
    expect(readSettings(settings, { ...least, APP_PORT: '' }).APP_PORT).toBe(5001)
  })

  it('all problems are reported at once, each with what is expected', () => {
    const problems = problemsOf({
      APP_PORT: '70000',
      APP_RATIO: '1.5',
      APP_LEVEL: 'loud',
      APP_TLS: 'yes',
      APP_BROKERS: 'a,,b',
      APP_TRACES: 'ftp://x',
      APP_POOL: '0x10',
    })
    expect(problems).toEqual([
      'APP_PORT: "70000" is not valid: expected a whole number from 0 to 65535',
      'APP_DATABASE is not set: The database',
      'APP_RATIO: "1.5" is not valid: expected a number from 0 to 1',
      'APP_LEVEL: "loud" is not valid: expected one of info, debug',
      'APP_TLS: "yes" is not valid: expected true or false',
      expect.stringContaining('APP_BROKERS: "a,,b" is not valid: expected host:port'),
      'APP_TRACES: its value is not valid: expected a URL like http://host:port',
      'APP_POOL: "0x10" is not valid: expected a whole number from 1 to 20',
    ])
  })

  it('a misspelt variable is rejected, and the message names the nearest setting', () => {
    expect(problemsOf({ ...least, APP_PROT: '1', OTHER: 'x' })).toEqual([
      expect.stringMatching(/^APP_PROT is not a setting; did you mean APP_/),
    ])
  })

  it('a problem with a secret does not show the secret', () => {
    expect(problemsOf({ APP_DATABASE: 'mysql://me:hunter2@db' }).join()).not.toContain('hunter2')
  })

  it('secrets in the query of a URL are masked too, also if only a part of the name matches', () => {
    const query = 'tlsCertificateKeyFilePassword=hunter2&password=hunter3&ssl=true'
    const values = readSettings(settings, { ...least, APP_DATABASE: `postgres://db:5432/shop?${query}` })
    expect(showSettings(settings, values)['APP_DATABASE']).toBe(
      'postgres://db:5432/shop?tlsCertificateKeyFilePassword=***&password=***&ssl=true',
    )
  })

  it('passwords are masked when settings are shown', () => {
    // A password may look like a URL.
    const values = readSettings(settings, { ...least, APP_PASSWORD: 'x://hunter2' })
    const shown = showSettings(settings, values)
    expect(JSON.stringify(shown)).not.toContain('hunter2')
    expect(shown).toMatchObject({
      APP_DATABASE: 'postgres://me:***@db:5432/shop',
      APP_PASSWORD: '***',
      APP_PORT: 5001,
    })
  })
})
