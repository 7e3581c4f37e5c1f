import { startService } from '@lockstep/core/lifecycle/start-service.ts'
import { readerSettings } from './config.ts'
import { wire } from './wire.ts'

await startService({ service: 'reader', settings: readerSettings, prefix: 'READER_', wire })
