import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir } from '../cache.ts'
import { type Server, runServer } from '../server.ts'
import { answersOk } from './http-readiness.ts'

export type ServiceOptions = {
  name: 'writer' | 'reader' | `writer-${string}` | `reader-${string}`
  dir: string
  /** Settings of the service, by the names of its config.ts. */
  env: Record<string, string>
  /** Its ports by meaning; `admin` is the one that says when it is ready. */
  ports: { admin: number; http: number; grpc: number }
  /** Starts it again whenever a file of it changes. */
  watch?: boolean
}

/** A small young generation: at rest a service then takes about 15 MB less. The image has the same. */
const memory = ['--max-semi-space-size=4']

const root = join(import.meta.dirname, '../../..')

/** One of our own services, as a process like the others; the ports are also put into its environment. */
export async function startService({ name, dir, env, ports, watch }: ServiceOptions): Promise<Server> {
  const home = join(dir, name)
  await mkdir(home, { recursive: true })
  const kind = name.startsWith('writer') ? 'writer' : 'reader'
  const prefix = kind.toUpperCase()
  return runServer({
    name,
    dir: home,
    command: [
      process.execPath,
      ...memory,
      ...(watch ? ['--watch'] : []),
      join(root, `${kind}-service/src/main.ts`),
    ],
    env: {
      ...process.env,
      // With its types already stripped a service starts sooner and never loads what strips them, 20 MB of it.
      NODE_COMPILE_CACHE: join(cacheDir(), 'compiled'),
      ...env,
      [`${prefix}_HTTP_PORT`]: String(ports.http),
      [`${prefix}_GRPC_PORT`]: String(ports.grpc),
      [`${prefix}_ADMIN_PORT`]: String(ports.admin),
    },
    ports: [ports.http, ports.grpc, ports.admin],
    ready: () => answersOk(`http://127.0.0.1:${ports.admin}/ready`),
    // Above the 25 s that a service gives itself.
    stopWithinMs: 30_000,
  })
}
