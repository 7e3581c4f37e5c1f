import { address, listenHost } from '@lockstep/core/config/address-kinds.ts'
import { integer, milliseconds, port, text } from '@lockstep/core/config/setting-kinds.ts'
import {
  grpcSettings,
  httpSettings,
  kafkaSettings,
  lifecycleSettings,
  logSettings,
  mongoSettings,
  opsSettings,
  redisSettings,
  telemetrySettings,
} from '@lockstep/core/config/setting-groups.ts'

/** Every setting of the reader. */
export const readerSettings = {
  ...logSettings,
  ...telemetrySettings,
  ...lifecycleSettings,
  ...kafkaSettings,
  ...mongoSettings,
  ...redisSettings,
  ...httpSettings,
  ...grpcSettings,
  ...opsSettings,
  READER_HOST: listenHost(
    '127.0.0.1',
    'Address on which the reader listens, IPv4, IPv6 or a name; 0.0.0.0 for all of IPv4, :: for all of IPv6 and IPv4',
  ),
  READER_READ_MODELS: text(
    '',
    'Names of the read models that this process runs, separated by commas, so that others can run the rest; empty: all',
  ),
  READER_GRPC_PORT: port(5003, 'gRPC queries'),
  READER_HTTP_PORT: port(5004, 'HTTP queries and Swagger UI'),
  READER_ADMIN_PORT: port(9102, '/live, /ready and /metrics of the reader'),
  READER_MAX_IN_FLIGHT: integer(
    1_000,
    { min: 1, max: 100_000 },
    'Most requests in flight, including those that wait for a version; further ones are refused as overloaded',
  ),
  READER_QUERY_TIMEOUT_MS: milliseconds(
    2_000,
    { min: 50, max: 60_000 },
    'Time limit of one query in MongoDB, ms',
  ),
  READER_MIN_VERSION_WAIT_MS: milliseconds(
    1_000,
    { min: 0, max: 30_000 },
    'Longest time that a query waits for its version, ms',
  ),
  READER_MAX_WAITERS: integer(
    500,
    { min: 1, max: 100_000 },
    'Most queries that wait for a version at the same time, over all read models',
  ),
  READER_REMEMBERED_IDS: integer(
    50_000,
    { min: 1, max: 10_000_000 },
    'Ids per read model whose served version is kept at least, so that no query returns an older version; at most twice as many',
  ),
  READER_CACHE_TTL_MS: milliseconds(
    600_000,
    { min: 1_000, max: 86_400_000 },
    'Lifetime of a cache entry, ms; at random up to a tenth shorter',
  ),
  READER_CACHE_TIMEOUT_MS: milliseconds(
    40,
    { min: 5, max: 1_000 },
    'Time limit of a cache read, ms; the query then continues without the cache',
  ),
  READER_CACHE_WRITE_TIMEOUT_MS: milliseconds(
    1_000,
    { min: 10, max: 10_000 },
    "Time limit of the projection's cache write, ms",
  ),
  READER_CACHE_OWED_LIMIT_MS: milliseconds(
    2_000,
    { min: 0, max: 600_000 },
    'How long an invalidation may be pending before all replicas stop using the cache, ms',
  ),
  READER_CACHE_MAX_AGE_MS: milliseconds(
    3_000,
    { min: 2_000, max: 60_000 },
    'A replica that has not read the cache epoch for this long stops using the cache, ms; the same on all replicas',
  ),
  READER_CACHE_REOPEN_AFTER_MS: milliseconds(
    10_000,
    { min: 1_000, max: 3_600_000 },
    'Shortest time for which the cache stays closed, ms; never shorter than READER_CACHE_MAX_AGE_MS',
  ),
  READER_TOP_MAX_LAG_MS: milliseconds(
    1_000,
    { min: 100, max: 60_000 },
    'Longest time by which a top list may be older than the last change of its read model, ms',
  ),
  READER_WRITER_GRPC: address(
    '127.0.0.1:5002',
    'gRPC address of the writer whose states audits and rebuilds read, host:port',
  ),
  READER_WRITER_TLS_CA_FILE: text('', 'Certificate authority of that writer, a PEM file; empty: no TLS'),
  READER_WRITER_TLS_CERT_FILE: text('', 'Client certificate for that writer, a PEM file; empty: none'),
  READER_WRITER_TLS_KEY_FILE: text('', 'Private key of that certificate, a PEM file'),
  READER_AUDIT_EVERY_MS: milliseconds(
    0,
    { min: 0, max: 1_209_600_000 },
    'Pause between the scheduled audits of this reader, up to a tenth longer, ms; 0: no audits',
  ),
  READER_AUDIT_PRODUCTS_PER_SECOND: integer(
    500,
    { min: 1, max: 100_000 },
    'Documents that a scheduled audit compares per second',
  ),
  READER_SNAPSHOT_EVERY_MS: milliseconds(
    0,
    { min: 0, max: 604_800_000 },
    'Longest age of the newest snapshot of each read model before this reader saves another one, ms; 0: no snapshots',
  ),
  READER_SNAPSHOT_DIR: text('snapshots', 'Folder of these snapshots, on a disk of their own'),
  READER_SNAPSHOTS_KEPT: integer(7, { min: 1, max: 10_000 }, 'Snapshots of each read model that are kept'),
}
