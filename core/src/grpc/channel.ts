import { readFileSync } from 'node:fs'
import { credentials, type ChannelCredentials } from '@grpc/grpc-js'

/** PEM files; empty: none. */
export type ClientTls = { caFile: string; certFile: string; keyFile: string }

/** What a client shows and believes: no TLS without an authority, and a certificate of its own when there is one. */
export function channelCredentials({ caFile, certFile, keyFile }: ClientTls): ChannelCredentials {
  if (caFile === '') return credentials.createInsecure()
  const ca = readFileSync(caFile)
  if (certFile === '') return credentials.createSsl(ca)
  return credentials.createSsl(ca, readFileSync(keyFile), readFileSync(certFile))
}
