import {
  ConfigError,
  readSettings,
  showSettings,
  type SettingValues,
} from '@lockstep/core/config/settings.ts'
import { run } from '@lockstep/core/lifecycle/run.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { readerSettings } from './config.ts'
import { wire } from './wire.ts'

const config = readConfig()
const log = createLog({ service: 'lockstep-reader', level: config.LOG_LEVEL })
log.info({ settings: showSettings(readerSettings, config) }, 'starting')
await run({ log, drainDelayMs: config.DRAIN_DELAY_MS }, (scope, lifecycle) =>
  wire(config, log, scope, lifecycle),
)

function readConfig(): SettingValues<typeof readerSettings> {
  try {
    return readSettings(readerSettings, process.env, ['READER_'])
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}
