/**
 * A setting is an environment variable. A service lists all its settings, with their types, defaults and meanings.
 * `readSettings` checks them before anything starts and reports every problem at once.
 */
export type Setting<T> = {
  /** Converts the variable's text into a value, or throws an Error whose message says what is expected. */
  parse: (text: string) => T
  /** The text to use if the variable is not set or empty; undefined means that the setting is required. */
  default: string | undefined
  help: string
  /** Never shown in full: a password, or a URL that may contain one. */
  secret: boolean
  /** The part of a secret that may be shown. Without it, nothing is shown. */
  mask?: (text: string) => string
}

export type Settings = Record<string, Setting<unknown>>
export type SettingValues<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/**
 * The values of all settings.
 *
 * @param prefixes a variable with one of these prefixes that is not a setting is a problem too: usually a typing mistake
 * @throws ConfigError with every problem
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Record<string, string | undefined>,
  prefixes: readonly string[] = [],
): SettingValues<S> {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const text = env[name] || setting.default
    if (text === undefined) {
      problems.push(`${name} is not set: ${setting.help}`)
      continue
    }
    try {
      values[name] = setting.parse(text)
    } catch (error) {
      const shown = setting.secret ? 'its value' : JSON.stringify(text)
      problems.push(`${name}: ${shown} is not valid: ${(error as Error).message}`)
    }
  }
  for (const name of Object.keys(env)) {
    if (prefixes.some((prefix) => name.startsWith(prefix)) && !(name in settings)) {
      problems.push(`${name} is not a setting; did you mean ${nearest(name, Object.keys(settings))}?`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return values as SettingValues<S>
}

/** The settings in a form that may be logged: secrets are masked, also those in URLs and their queries. */
export function showSettings<S extends Settings>(
  settings: S,
  values: SettingValues<S>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => {
      const value = values[name]
      if (!setting.secret || value === undefined || value === '') return [name, value]
      return [name, setting.mask?.(String(value)) ?? '***']
    }),
  )
}

function nearest(name: string, known: readonly string[]): string {
  const shared = (other: string) => name.split('_').filter((word) => other.split('_').includes(word)).length
  return known.toSorted((a, b) => shared(b) - shared(a))[0] ?? 'none'
}
