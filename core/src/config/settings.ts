/**
 * Settings come from environment variables. A service lists every one it knows, with its type, default
 * and meaning; `readSettings` checks them all before anything starts and reports every fault at once.
 */
export type Setting<T> = {
  /** Turns the variable's text into a value, or throws an Error whose message says what would be right. */
  parse: (text: string) => T
  /** The text to use when the variable is not set or empty; undefined means that it must be set. */
  default: string | undefined
  help: string
  /** Never shown in full: a password, or a URL that may hold one. */
  secret: boolean
}

export type Settings = Record<string, Setting<unknown>>
export type SettingValues<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(`The settings are not valid:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`)
    this.faults = faults
  }
}

/**
 * The values of all settings. Throws a ConfigError with every fault in it. A variable that starts with
 * one of `prefixes` and is no known setting is a fault too: it is most often a spelling mistake.
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Record<string, string | undefined>,
  prefixes: readonly string[] = [],
): SettingValues<S> {
  const faults: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[name] || setting.default
    if (text === undefined) {
      faults.push(`${name} is not set: ${setting.help}`)
      continue
    }
    try {
      values[name] = setting.parse(text)
    } catch (error) {
      const shown = setting.secret ? 'its value' : JSON.stringify(text)
      faults.push(`${name}: ${shown} is not valid: ${(error as Error).message}`)
    }
  }
  for (const name of Object.keys(env)) {
    if (prefixes.some((prefix) => name.startsWith(prefix)) && !(name in settings)) {
      faults.push(`${name} is not a setting; did you mean ${nearest(name, Object.keys(settings))}?`)
    }
  }
  if (faults.length > 0) throw new ConfigError(faults)
  return values as SettingValues<S>
}

/** The settings as they may be shown in a log: secrets are masked, and so are those in URLs and their queries. */
export function showSettings<S extends Settings>(
  settings: S,
  values: SettingValues<S>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [
      name,
      setting.secret ? mask(values[name]) : values[name],
    ]),
  )
}

function mask(value: unknown): unknown {
  if (value === undefined || value === '') return value
  const text = String(value)
  if (!URL.canParse(text)) return '***'
  const url = new URL(text)
  if (url.password) url.password = '***'
  for (const name of new Set(url.searchParams.keys())) {
    if (/pass|secret|token/i.test(name)) url.searchParams.set(name, '***')
  }
  return url.href
}

function nearest(name: string, known: readonly string[]): string {
  const shared = (other: string) => name.split('_').filter((word) => other.split('_').includes(word)).length
  return known.toSorted((a, b) => shared(b) - shared(a))[0] ?? 'none'
}
