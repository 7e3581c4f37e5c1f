import { address } from '@lockstep/core/config/address-kinds.ts'
import { text } from '@lockstep/core/config/setting-kinds.ts'

/** The environment variables that `pnpm lockstep` reads. Its options override them. */
export const cliSettings = {
  LOCKSTEP_WRITER: address('127.0.0.1:5002', 'gRPC address of a writer, host:port'),
  LOCKSTEP_READER: address('127.0.0.1:5003', 'gRPC address of a reader, host:port'),
  LOCKSTEP_TLS_CA_FILE: text('', 'Certificate authority of the services, a PEM file; empty means no TLS'),
  LOCKSTEP_TLS_CERT_FILE: text('', 'Client certificate for the services, a PEM file; empty means none'),
  LOCKSTEP_TLS_KEY_FILE: text('', 'Private key of the client certificate, a PEM file'),
}
