import type { Row } from './panels.ts'
import { failedShare, percentiles, rate, timeseries } from './queries.ts'

const http = 'http_server_request_duration_seconds'
const grpc = 'grpc_server_call_duration_seconds'
const httpFailures = 'status=~"5.."'
const grpcFailures = 'code=~"INTERNAL|UNAVAILABLE|UNKNOWN|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED"'

/** What callers experience. */
export const requestRows: readonly Row[] = [
  {
    title: 'Traffic',
    panels: [
      timeseries('HTTP requests', 'reqps', 'By service, method and route', {
        expr: rate(`${http}_count`, 'service, method, route'),
        legend: '{{service}} {{method}} {{route}}',
      }),
      timeseries('gRPC calls', 'reqps', 'By service and method', {
        expr: rate(`${grpc}_count`, 'service, method'),
        legend: '{{service}} {{method}}',
      }),
    ],
  },
  {
    title: 'Errors',
    panels: [
      timeseries(
        'Share of failed calls',
        'percentunit',
        'HTTP 5xx, and the gRPC codes of failures on our side; the log has each of them with its request id',
        { expr: failedShare(`${http}_count`, httpFailures), legend: '{{service}} HTTP' },
        { expr: failedShare(`${grpc}_count`, grpcFailures), legend: '{{service}} gRPC' },
      ),
      timeseries('HTTP responses', 'reqps', 'By status; 4xx are refusals that the caller causes', {
        expr: rate(`${http}_count`, 'service, status'),
        legend: '{{service}} {{status}}',
      }),
      timeseries('gRPC responses', 'reqps', 'By code', {
        expr: rate(`${grpc}_count`, 'service, code'),
        legend: '{{service}} {{code}}',
      }),
    ],
  },
  {
    title: 'Latency',
    panels: [
      timeseries('HTTP', 's', 'Median and 99th percentile by service', ...percentiles(http, 'service')),
      timeseries(
        'gRPC',
        's',
        'Median and 99th percentile by method; a query with min_version may wait up to its limit',
        ...percentiles(grpc, 'method'),
      ),
      timeseries(
        'Write to readable',
        's',
        'From the moment an event occurred until its read model has it',
        ...percentiles('reader_write_to_readable_seconds', 'read_model'),
      ),
    ],
  },
]
