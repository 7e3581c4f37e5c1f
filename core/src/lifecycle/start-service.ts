import type { logSettings, lifecycleSettings } from '../config/setting-groups.ts'
import {
  ConfigError,
  readSettings,
  showSettings,
  type Settings,
  type SettingValues,
} from '../config/settings.ts'
import { createLog, type Log } from '../log/log.ts'
import { run, type Lifecycle } from './run.ts'

export type ServiceContext<S extends Settings> = Lifecycle & { config: SettingValues<S>; log: Log }

/**
 * The main function of a service: reads its settings from the environment, logs them with masked secrets, and runs
 * `wire` until a signal. Prints all invalid settings on stderr; the exit code is then 2.
 */
export async function startService<
  S extends Settings & typeof logSettings & typeof lifecycleSettings,
>(options: {
  service: string
  settings: S
  /** An environment variable with this prefix that is not a setting is rejected. */
  prefix: string
  wire: (context: ServiceContext<S>, scope: AsyncDisposableStack) => Promise<void>
}): Promise<never> {
  const config = readOrExit(options.settings, options.prefix)
  const { LOG_LEVEL: level, DRAIN_DELAY_MS: drainDelayMs } = config as SettingValues<
    typeof logSettings & typeof lifecycleSettings
  >
  const log = createLog({ service: options.service, level })
  log.info({ settings: showSettings(options.settings, config) }, 'starting')
  return run({ log, drainDelayMs }, (scope, lifecycle) => options.wire({ ...lifecycle, config, log }, scope))
}

function readOrExit<S extends Settings>(settings: S, prefix: string): SettingValues<S> {
  try {
    return readSettings(settings, process.env, [prefix])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(2)
  }
}
