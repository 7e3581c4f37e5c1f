import { freePorts } from '@lockstep/local-infra/ports.ts'
import type { Server } from '@lockstep/local-infra/server.ts'
import { startService, type ServiceOptions } from '@lockstep/local-infra/servers/service.ts'
import {
  commandsClient,
  queriesClient,
  type CommandsClient,
  type QueriesClient,
} from '../clients/grpc-client.ts'
import { httpClient, type HttpClient } from '../clients/http-client.ts'

/** One of our services as a process: kill it, stop it and start it again by `process`. */
export type Service = { name: string; process: Server; http: HttpClient; admin: HttpClient }
export type Writer = Service & { grpc: CommandsClient }
export type Reader = Service & { grpc: QueriesClient }

type Options = Pick<ServiceOptions, 'dir' | 'env'> & {
  /** Any free port when absent. */
  grpcPort?: number
  /** The port through which callers reach a port of the service; the same port when absent. */
  reachableAt?: (port: number) => Promise<number>
}

export function portsOf({ process }: Pick<Service, 'process'>): ServiceOptions['ports'] {
  const [http, grpc, admin] = process.ports as [number, number, number]
  return { http, grpc, admin }
}

export async function startWriter(name: `writer-${string}`, options: Options): Promise<Writer> {
  const { grpcAddress, ...service } = await start(name, options)
  return { ...service, grpc: commandsClient(grpcAddress) }
}

export async function startReader(name: 'reader' | `reader-${string}`, options: Options): Promise<Reader> {
  const { grpcAddress, ...service } = await start(name, options)
  return { ...service, grpc: queriesClient(grpcAddress) }
}

async function start(
  name: ServiceOptions['name'],
  { reachableAt = async (port) => port, grpcPort, ...options }: Options,
): Promise<Service & { grpcAddress: string }> {
  const [http, free, admin] = (await freePorts(3)) as [number, number, number]
  const grpc = grpcPort ?? free
  return {
    name,
    process: await startService({ name, ...options, ports: { http, grpc, admin } }),
    http: httpClient(`http://127.0.0.1:${await reachableAt(http)}`),
    admin: httpClient(`http://127.0.0.1:${admin}`),
    grpcAddress: `127.0.0.1:${await reachableAt(grpc)}`,
  }
}
