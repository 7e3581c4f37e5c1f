import { text } from '@lockstep/core/config/kinds.ts'

/** What `pnpm lockstep` reads from the environment; its options come first. */
export const cliSettings = {
  LOCKSTEP_WRITER: text('127.0.0.1:5002', 'gRPC address of a writer, host:port'),
  LOCKSTEP_READER: text('127.0.0.1:5003', 'gRPC address of a reader, host:port'),
  LOCKSTEP_TLS_CA_FILE: text('', 'Certificate authority of the services, a PEM file; empty: no TLS'),
  LOCKSTEP_TLS_CERT_FILE: text('', 'Certificate to show to the services, a PEM file; empty: none'),
  LOCKSTEP_TLS_KEY_FILE: text('', 'Private key of that certificate, a PEM file'),
}
