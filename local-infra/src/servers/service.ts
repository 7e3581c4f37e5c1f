import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hostPortText } from '@lockstep/core/config/address.ts'
import { cacheDir } from '../download-cache.ts'
import { type Server, runServer } from '../server.ts'
import { answersOk } from './http-readiness.ts'

export type ServiceOptions = {
  name: 'writer' | 'reader' | `writer-${string}` | `reader-${string}`
  dir: string
  /** Settings of the service, by the names of its config.ts. */
  env: Record<string, string>
  /** Where it is reached; 127.0.0.1 if it is left out. */
  host?: string
  /** Its ports; `admin` reports when it is ready. */
  ports: { admin: number; http: number; grpc: number }
  /** The checkout that contains the service; this one if it is left out. */
  root?: string
  /** Restarts it when one of its files changes. */
  watch?: boolean
}

/**
 * The image has the same, without a limit: there, Node derives one from the container's. docs/performance.md, "Memory",
 * has the measurements.
 */
export const v8Options: readonly string[] = [
  '--max-semi-space-size=32',
  '--no-allocation-site-pretenuring',
  // From 2 GB on, V8 lets the old generation grow fourfold between two collections, otherwise twofold.
  '--max-old-space-size=2000',
]

const thisCheckout = join(import.meta.dirname, '../../..')

/** Starts one of our services as a process, with the ports in its environment. */
export async function startService(options: ServiceOptions): Promise<Server> {
  const { name, dir, env, ports, watch, host = '127.0.0.1', root = thisCheckout } = options
  const home = join(dir, name)
  await mkdir(home, { recursive: true })
  const kind = name.startsWith('writer') ? 'writer' : 'reader'
  const prefix = kind.toUpperCase()
  return runServer({
    name,
    dir: home,
    command: [
      process.execPath,
      ...v8Options,
      ...(watch ? ['--watch'] : []),
      join(root, `${kind}-service/src/main.ts`),
    ],
    env: {
      ...process.env,
      // With cached code, a service starts faster and does not load the type stripper, which takes 20 MB.
      NODE_COMPILE_CACHE: join(cacheDir(), 'compiled'),
      ...env,
      [`${prefix}_HTTP_PORT`]: String(ports.http),
      [`${prefix}_GRPC_PORT`]: String(ports.grpc),
      [`${prefix}_ADMIN_PORT`]: String(ports.admin),
    },
    ports: [ports.http, ports.grpc, ports.admin],
    ready: () => answersOk(`http://${hostPortText({ host, port: ports.admin })}/ready`),
    // Longer than the 25 s that a service may take.
    stopWithinMs: 30_000,
  })
}
