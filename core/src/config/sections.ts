import { flag, integer, list, milliseconds, oneOf, optionalUrl, ratio, secret, text, url } from './kinds.ts'

/** Settings that both services understand, by the part of the system that they are for. */

export const logSettings = {
  LOG_LEVEL: oneOf(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    'Lowest level that is logged',
  ),
}

export const telemetrySettings = {
  OTLP_ENDPOINT: optionalUrl(
    ['http', 'https'],
    'Where traces go (OTLP over HTTP, without the path); empty switches them off',
  ),
  TRACE_RATIO: ratio(
    1,
    'Share of the traces begun here that are recorded; a caller that decided is followed',
  ),
}

export const lifecycleSettings = {
  DRAIN_DELAY_MS: milliseconds(
    2_000,
    { min: 0, max: 15_000 },
    'How long a stopping service still takes requests while load balancers see that it is not ready, ms',
  ),
}

export const kafkaSettings = {
  KAFKA_BROKERS: list('127.0.0.1:19092', 'Addresses of brokers, host:port, separated by commas'),
  KAFKA_TLS: flag(false, 'Whether to talk TLS to the brokers'),
  KAFKA_TLS_CA_FILE: text('', 'Certificate authority of the brokers, a PEM file; empty: the system store'),
  KAFKA_SASL_MECHANISM: oneOf(
    'none',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    'How to authenticate with the brokers',
  ),
  KAFKA_SASL_USERNAME: text('', 'User name for SASL'),
  KAFKA_SASL_PASSWORD: secret('', 'Password for SASL'),
}

export const postgresSettings = {
  POSTGRES_URL: url(
    'postgres://lockstep@127.0.0.1:15432/lockstep',
    ['postgres', 'postgresql'],
    'The database of the writer; TLS by sslmode=verify-full&sslrootcert=FILE in it',
  ),
  POSTGRES_POOL_SIZE: integer(10, { min: 1, max: 200 }, 'Most connections that a writer opens for commands'),
}

export const mongoSettings = {
  MONGO_URL: url(
    'mongodb://127.0.0.1:17017/lockstep',
    ['mongodb', 'mongodb+srv'],
    'The database of the read model; TLS by tls=true&tlsCAFile=FILE in it',
  ),
}

export const redisSettings = {
  REDIS_URL: url('redis://127.0.0.1:16379', ['redis', 'rediss'], 'The cache; TLS by the scheme rediss'),
  REDIS_TLS_CA_FILE: text('', 'Certificate authority of Redis, a PEM file; empty: the system store'),
}

export const grpcSettings = {
  GRPC_TLS_CERT_FILE: text('', 'Certificate of the gRPC server, a PEM file; empty: no TLS'),
  GRPC_TLS_KEY_FILE: text('', 'Private key of the gRPC server, a PEM file'),
  GRPC_TLS_CLIENT_CA_FILE: text(
    '',
    'Clients must show a certificate of this authority, a PEM file; empty: any',
  ),
}

export const opsSettings = {
  OPS_API: flag(
    true,
    'Whether operators are served on the gRPC port (lockstep.ops.v1); switch it off where others reach that port',
  ),
}
