import { readFileSync } from 'node:fs'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { hostPortText } from '../config/address.ts'
import type { grpcSettings } from '../config/setting-groups.ts'
import type { SettingValues } from '../config/settings.ts'
import { MAX_REQUEST_BYTES } from '../http/body.ts'
import { stopServer } from '../lifecycle/stop-server.ts'
import { checkCalls } from './call-checks.ts'
import { ownErrors } from './own-errors.ts'
import { reflection } from './reflection.ts'
import type { GrpcService } from './service.ts'

export type GrpcServer = AsyncDisposable & { port: number }

/** PEM files. An empty `certFile` means no TLS, an empty `clientCaFile` means no client certificates. */
export type GrpcTls = { certFile: string; keyFile: string; clientCaFile: string }

/**
 * Serves the services with reflection and `grpc.health.v1` until it is disposed of: then it accepts no more calls and
 * finishes those in progress, within a limit. Health is NOT_SERVING as soon as `draining` is aborted. Rejects if the
 * port is in use or a TLS file cannot be read.
 */
export async function serveGrpc(options: {
  host: string
  port: number
  tls: GrpcTls
  services: readonly GrpcService[]
  /** A serialised FileDescriptorSet with every service above, for reflection. */
  descriptors: URL
  draining: AbortSignal
  /** How long disposal waits for the calls in progress. The default is 6 s. */
  stopWithinMs?: number
}): Promise<GrpcServer> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    interceptors: [ownErrors],
  })
  checkCalls(server)
  for (const { definition, implementation } of options.services) server.addService(definition, implementation)

  const methods = options.services.flatMap(({ definition }) => Object.values(definition))
  const names = [...new Set(methods.flatMap(({ path }) => path.split('/')[1] ?? []))]
  const withServer = ['', ...names]
  const health = new HealthImplementation(
    Object.fromEntries(withServer.map((name) => [name, 'SERVING'] as const)),
  )
  health.addToServer(server)
  options.draining.addEventListener('abort', () => {
    for (const name of withServer) health.setStatus(name, 'NOT_SERVING')
  })
  reflection(options.descriptors, names).addToServer(server)

  const port = await bind(server, hostPortText(options), credentials(options.tls))
  return {
    port,
    [Symbol.asyncDispose]: () =>
      stopServer(
        (done) => server.tryShutdown(done),
        () => server.forceShutdown(),
        options.stopWithinMs,
      ),
  }
}

function bind(server: Server, address: string, serverCredentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials, (error, port) => (error ? reject(error) : resolve(port)))
  })
}

function credentials(tls: GrpcTls): ServerCredentials {
  if (tls.certFile === '') return ServerCredentials.createInsecure()
  const pair = { cert_chain: readFileSync(tls.certFile), private_key: readFileSync(tls.keyFile) }
  const clientCa = tls.clientCaFile === '' ? null : readFileSync(tls.clientCaFile)
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null)
}

/** The GRPC_* settings in the form that the server needs. */
export function grpcTls(values: SettingValues<typeof grpcSettings>): GrpcTls {
  return {
    certFile: values.GRPC_TLS_CERT_FILE,
    keyFile: values.GRPC_TLS_KEY_FILE,
    clientCaFile: values.GRPC_TLS_CLIENT_CA_FILE,
  }
}
