import { httpUrl, listenHost } from '@lockstep/core/config/address-kinds.ts'
import { integer, milliseconds, port } from '@lockstep/core/config/setting-kinds.ts'
import {
  grpcSettings,
  httpSettings,
  kafkaSettings,
  lifecycleSettings,
  logSettings,
  opsSettings,
  postgresSettings,
  telemetrySettings,
} from '@lockstep/core/config/setting-groups.ts'

/** Every setting of the writer. */
export const writerSettings = {
  WRITER_HOST: listenHost(
    '127.0.0.1',
    'Address that the writer listens on, IPv4, IPv6 or a name; 0.0.0.0 for all of IPv4, :: for all of IPv6 and IPv4',
  ),
  WRITER_HTTP_PORT: port(5001, 'HTTP commands and Swagger UI'),
  WRITER_GRPC_PORT: port(5002, 'gRPC commands'),
  WRITER_ADMIN_PORT: port(9101, 'Liveness, readiness and metrics of the writer'),
  WRITER_READER_URL: httpUrl(
    'Where callers reach the HTTP API of the reader: the writer redirects reads of one aggregate, like the Location of a created one, to it; empty: it refuses them',
  ),
  WRITER_COMMAND_TIME_LIMIT_MS: milliseconds(
    5_000,
    { min: 100, max: 5_000 },
    'How long a command may try before it fails, ms; at most as long as a stop waits for it; an earlier deadline of the caller takes precedence',
  ),
  WRITER_MAX_IN_FLIGHT: integer(
    1_000,
    { min: 1, max: 100_000 },
    'Largest number of requests in flight; further requests are refused as overloaded',
  ),
  WRITER_OUTBOX_LIMIT: integer(
    1_000_000,
    { min: 1, max: 1_000_000_000 },
    'With this many events in the outbox, commands are refused as overloaded',
  ),
  // No timer: Postgres compares times.
  WRITER_IDEMPOTENCY_RETENTION_MS: integer(
    86_400_000,
    { min: 1_000, max: 31_536_000_000 },
    'How long the result of an idempotency key is stored at least, ms',
  ),
  ...postgresSettings,
  ...kafkaSettings,
  ...httpSettings,
  ...grpcSettings,
  ...opsSettings,
  ...telemetrySettings,
  ...lifecycleSettings,
  ...logSettings,
}
