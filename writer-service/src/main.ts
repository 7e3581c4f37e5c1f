import { startService } from '@lockstep/core/lifecycle/start-service.ts'
import { writerSettings } from './config.ts'
import { wire } from './wire.ts'

await startService({ service: 'writer', settings: writerSettings, prefix: 'WRITER_', wire })
