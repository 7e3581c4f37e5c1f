/**
 * What follows from a command's HTTP and gRPC bindings: its gRPC method, its path parameters, and whether it creates.
 */

import type { GrpcBinding, HttpBinding } from './aggregate.ts'

export const grpcMethodOf = ({ grpc }: { grpc?: GrpcBinding }): string | undefined =>
  typeof grpc === 'object' ? grpc.method : grpc

/** The parameters of a path beside `{id}`. */
export const pathFields = ({ path }: HttpBinding): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').filter((name) => name !== 'id')

/** Without an id in its path, a command creates. */
export const creates = ({ path }: HttpBinding): boolean => !path.includes('{id}')
