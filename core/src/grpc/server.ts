import { readFileSync } from 'node:fs'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import { reflection } from './reflection.ts'
import { stopServer } from '../lifecycle/stop-server.ts'
import type { GrpcService } from './service.ts'

export type GrpcServer = AsyncDisposable & { port: number }

export type GrpcTls = { certFile: string; keyFile: string; clientCaFile: string }

/** Requests larger than this are refused with RESOURCE_EXHAUSTED, as over HTTP. */
const MAX_REQUEST_BYTES = 256 * 1024

/**
 * Serves the services with reflection and `grpc.health.v1` until it is disposed of: then it accepts no more calls and
 * finishes those in progress, within a limit. From `draining` on its health is NOT_SERVING.
 */
export async function serveGrpc(options: {
  host: string
  port: number
  tls: GrpcTls
  services: readonly GrpcService[]
  /** A serialised FileDescriptorSet with every service above, for reflection. */
  descriptors: URL
  draining: AbortSignal
  stopWithinMs?: number
}): Promise<GrpcServer> {
  const server = new Server({ 'grpc.max_receive_message_length': MAX_REQUEST_BYTES })
  for (const { definition, implementation } of options.services) server.addService(definition, implementation)

  const names = options.services.flatMap(({ definition }) =>
    Object.values(definition).flatMap((method) => method.path.split('/')[1] ?? []),
  )
  const health = new HealthImplementation(
    Object.fromEntries(['', ...new Set(names)].map((name) => [name, 'SERVING'] as const)),
  )
  health.addToServer(server)
  options.draining.addEventListener('abort', () => {
    for (const name of ['', ...new Set(names)]) health.setStatus(name, 'NOT_SERVING')
  })
  reflection(options.descriptors, [...new Set(names)]).addToServer(server)

  const port = await bind(server, `${options.host}:${options.port}`, credentials(options.tls))
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
