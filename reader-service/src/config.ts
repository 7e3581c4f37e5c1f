import { integer, milliseconds, port, text } from '@lockstep/core/config/kinds.ts'
import {
  grpcSettings,
  kafkaSettings,
  lifecycleSettings,
  logSettings,
  mongoSettings,
  opsSettings,
  redisSettings,
  telemetrySettings,
} from '@lockstep/core/config/sections.ts'

/** Every setting of the reader. */
export const readerSettings = {
  ...logSettings,
  ...telemetrySettings,
  ...lifecycleSettings,
  ...kafkaSettings,
  ...mongoSettings,
  ...redisSettings,
  ...grpcSettings,
  ...opsSettings,
  READER_HOST: text('127.0.0.1', 'Address that the reader listens on; 0.0.0.0 for every interface'),
  READER_GRPC_PORT: port(5003, 'gRPC queries'),
  READER_HTTP_PORT: port(5004, 'HTTP queries and Swagger UI'),
  READER_ADMIN_PORT: port(9102, '/live, /ready and /metrics of the reader'),
  READER_MAX_IN_FLIGHT: integer(
    1_000,
    { min: 1, max: 100_000 },
    'Most requests under way at once, those that wait for a version included; more are refused as overloaded',
  ),
  READER_QUERY_TIMEOUT_MS: milliseconds(
    2_000,
    { min: 50, max: 60_000 },
    'Longest that one query may keep MongoDB busy, ms',
  ),
  READER_MIN_VERSION_WAIT_MS: milliseconds(
    1_000,
    { min: 0, max: 30_000 },
    'Longest that a query with min_version waits for it, ms',
  ),
  READER_MAX_WAITERS: integer(500, { min: 1, max: 100_000 }, 'Most queries that wait for a version at once'),
  READER_REMEMBERED_IDS: integer(
    100_000,
    { min: 1, max: 10_000_000 },
    'Products whose last answered version is remembered, so that none is answered with an older one',
  ),
  READER_CACHE_TTL_MS: milliseconds(
    600_000,
    { min: 1_000, max: 86_400_000 },
    'How long a cache entry lasts, ms; up to a tenth less at random',
  ),
  READER_CACHE_TIMEOUT_MS: milliseconds(
    40,
    { min: 5, max: 1_000 },
    'A query goes on without the cache after this long, ms',
  ),
  READER_CACHE_WRITE_TIMEOUT_MS: milliseconds(
    1_000,
    { min: 10, max: 10_000 },
    "The projection's write of the cache has failed after this long, ms",
  ),
  READER_CACHE_OWED_LIMIT_MS: milliseconds(
    2_000,
    { min: 0, max: 600_000 },
    'How long the projection repeats a failing cache write before it has all replicas leave the cache, ms',
  ),
  READER_CACHE_MAX_AGE_MS: milliseconds(
    3_000,
    { min: 2_000, max: 60_000 },
    'A replica that has not heard for so long whether the cache counts goes past it, ms; the same everywhere',
  ),
  READER_CACHE_REOPEN_AFTER_MS: milliseconds(
    10_000,
    { min: 1_000, max: 3_600_000 },
    'How long the cache stays closed at least before it is used again, ms; never less than READER_CACHE_MAX_AGE_MS',
  ),
  READER_WRITER_GRPC: text(
    '127.0.0.1:5002',
    'gRPC address of a writer, which audits compare with and rebuilds read, host:port',
  ),
  READER_WRITER_TLS_CA_FILE: text('', 'Certificate authority of that writer, a PEM file; empty: no TLS'),
  READER_WRITER_TLS_CERT_FILE: text('', 'Certificate to show to that writer, a PEM file; empty: none'),
  READER_WRITER_TLS_KEY_FILE: text('', 'Private key of that certificate, a PEM file'),
  READER_AUDIT_EVERY_MS: milliseconds(
    0,
    { min: 0, max: 1_209_600_000 },
    'Pause between two audits that this reader runs by itself, up to a tenth longer, ms; 0: none',
  ),
  READER_AUDIT_PRODUCTS_PER_SECOND: integer(
    500,
    { min: 1, max: 100_000 },
    'Products that such an audit compares in a second',
  ),
}
