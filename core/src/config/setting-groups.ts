import { addresses, mongoUrl, otlpEndpoint, postgresUrl, redisUrl } from './address-kinds.ts'
import { flag, integer, milliseconds, oneOf, ratio, secret, text } from './setting-kinds.ts'

/** Groups of settings, one per dependency or concern; each service picks those that it needs. */

export const logSettings = {
  LOG_LEVEL: oneOf(
    'info',
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    'Lowest level that is logged',
  ),
}

export const telemetrySettings = {
  OTLP_ENDPOINT: otlpEndpoint(
    'Where traces are sent (OTLP over HTTP, without the path); empty disables tracing',
  ),
  TRACE_RATIO: ratio(
    1,
    'Share of the traces that start here that are recorded, 0 to 1; the decision of a caller takes precedence',
  ),
  TRACE_MAX_PER_SECOND: integer(
    500,
    { min: 1, max: 1_000_000 },
    'Most traces that start here and are recorded in a second, so that tracing costs little under load',
  ),
}

export const lifecycleSettings = {
  DRAIN_DELAY_MS: milliseconds(
    2_000,
    { min: 0, max: 15_000 },
    'How long a stopping service still accepts requests while load balancers notice that it is not ready, ms',
  ),
}

export const httpSettings = {
  HTTP_IDLE_TIMEOUT_MS: milliseconds(
    75_000,
    { min: 1_000, max: 3_600_000 },
    'How long an HTTP connection without a request stays open, ms; longer than the load balancer in front keeps it, which is often 60 s',
  ),
}

export const kafkaSettings = {
  KAFKA_BROKERS: addresses(
    '127.0.0.1:19092',
    'Addresses of brokers, host:port or [IPv6]:port, separated by commas',
  ),
  KAFKA_TLS: flag(false, 'Whether to use TLS with the brokers'),
  KAFKA_TLS_CA_FILE: text(
    '',
    'Certificate authority of the brokers, a PEM file; empty: the authorities of the system',
  ),
  KAFKA_SASL_MECHANISM: oneOf(
    'none',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    'How to authenticate with the brokers',
  ),
  KAFKA_SASL_USERNAME: text('', 'User name for SASL'),
  KAFKA_SASL_PASSWORD: secret('', 'Password for SASL'),
}

export const postgresSettings = {
  POSTGRES_URL: postgresUrl(
    'postgres://lockstep@127.0.0.1:15432/lockstep',
    'The database of the writer; for TLS, add sslmode=verify-full&sslrootcert=FILE',
  ),
  POSTGRES_POOL_SIZE: integer(
    10,
    { min: 1, max: 200 },
    'Maximum number of connections that a writer opens for commands',
  ),
}

export const mongoSettings = {
  MONGO_URL: mongoUrl(
    'mongodb://127.0.0.1:17017/lockstep',
    'The database of the read models, on one or several hosts (a:1,b:2); for TLS, add tls=true&tlsCAFile=FILE',
  ),
}

export const redisSettings = {
  REDIS_URL: redisUrl('redis://127.0.0.1:16379', 'The cache; for TLS, use the scheme rediss'),
  REDIS_TLS_CA_FILE: text(
    '',
    'Certificate authority of Redis, a PEM file; empty: the authorities of the system',
  ),
}

export const grpcSettings = {
  GRPC_TLS_CERT_FILE: text('', 'Certificate of the gRPC server, a PEM file; empty: no TLS'),
  GRPC_TLS_KEY_FILE: text('', 'Private key of the gRPC server, a PEM file'),
  GRPC_TLS_CLIENT_CA_FILE: text(
    '',
    'Clients must present a certificate of this authority, a PEM file; empty: no client certificate is required',
  ),
}

export const opsSettings = {
  OPS_API: flag(
    true,
    "Whether the gRPC port serves the operators' API (lockstep.ops.v1); disable it if others can reach that port",
  ),
}
