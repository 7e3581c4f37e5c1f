import type { grpcSettings } from '../config/setting-groups.ts'
import type { SettingValues } from '../config/settings.ts'
import type { GrpcTls } from './server.ts'

/** The GRPC_* settings in the form that the server needs. */
export function grpcTls(values: SettingValues<typeof grpcSettings>): GrpcTls {
  return {
    certFile: values.GRPC_TLS_CERT_FILE,
    keyFile: values.GRPC_TLS_KEY_FILE,
    clientCaFile: values.GRPC_TLS_CLIENT_CA_FILE,
  }
}
