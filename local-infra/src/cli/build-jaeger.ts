import { setPriority } from 'node:os'
import { buildJaeger } from '../artefacts.ts'
import { jaegerPart } from '../stack/stack-processes.ts'
import { readStackSettings } from '../stack/settings.ts'

/** Runs in the background. `make up` starts it and `make down` ends it; Go caches what it has compiled. */
setPriority(15)
stopGroupOnSigterm()
await buildJaeger()
await jaegerPart(readStackSettings(process.env)).start()

/**
 * `make down` signals only this process. Go and its compilers would continue without it, with up to 2 GB each, so the
 * signal is passed on to the process group, of which this detached process is the leader. The draft is then removed.
 */
function stopGroupOnSigterm(): void {
  let stopping = false
  process.on('SIGTERM', () => {
    if (stopping) return
    stopping = true
    process.kill(-process.pid, 'SIGTERM')
  })
}
