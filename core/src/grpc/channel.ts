import { readFileSync } from 'node:fs'
import { credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js'
import { isLoopback, parseAddress } from '../config/address.ts'

/** PEM files; empty: none. */
export type ClientTls = { caFile: string; certFile: string; keyFile: string }

/** The credentials of a client: no TLS without a certificate authority; its own certificate if it has one. */
export function channelCredentials({ caFile, certFile, keyFile }: ClientTls): ChannelCredentials {
  if (caFile === '') return credentials.createInsecure()
  const ca = readFileSync(caFile)
  if (certFile === '') return credentials.createSsl(ca)
  return credentials.createSsl(ca, readFileSync(keyFile), readFileSync(certFile))
}

/** grpc-js sends connections through `http_proxy`, also those to this machine, where no proxy can lead. */
export function channelOptions(address: string): ChannelOptions {
  return isLoopback(parseAddress(address).host) ? { 'grpc.enable_http_proxy': 0 } : {}
}
