import { setPriority } from 'node:os'
import { buildJaeger } from '../artefacts.ts'
import { jaegerPart } from '../stack/parts.ts'
import { readStackSettings } from '../stack/settings.ts'

/** Runs in the background. `make up` starts it and `make down` ends it; Go caches what it has compiled. */
setPriority(15)
await buildJaeger()
await jaegerPart(readStackSettings(process.env)).start()
