import { setPriority } from 'node:os'
import { buildJaeger } from '../artefacts.ts'
import { jaegerPart } from '../stack/parts.ts'
import { readStackSettings } from '../stack/settings.ts'

/** Runs in the background, begun by `make up`; `make down` ends it, and Go keeps what it has compiled. */
setPriority(15)
await buildJaeger()
await jaegerPart(readStackSettings(process.env)).start()
