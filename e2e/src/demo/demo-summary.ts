import { serviceAddress, type StackSettings } from '@lockstep/local-infra/stack/settings.ts'
import { percentile } from './percentile.ts'
import type { DemoResult } from './run-demo.ts'

/** How many of the products with differences are listed. */
const LISTED = 10

/** The results of the demo, and pages to open next. */
export function demoSummary(result: DemoResult, settings: StackSettings): string {
  const { products, changed, deleted, wrong, waitsMs } = result
  const ms = (share: number) => `${percentile(waitsMs, share).toFixed(1)} ms`
  const right = products - wrong.length
  return [
    ...wrong
      .slice(0, LISTED)
      .flatMap(({ name, differences }) => [
        `✗ ${shortened(name)}`,
        ...differences.map((difference) => `    ${shortened(difference)}`),
      ]),
    ...(wrong.length > LISTED ? [`  and ${wrong.length - LISTED} more`] : []),
    `${right} of ${products} products are right; ${changed} of them were changed and ${deleted} deleted by the demo.`,
    ...(waitsMs.length > 0
      ? [
          `Write to readable: median ${ms(0.5)}, 99th percentile ${ms(0.99)}`,
          `  (${waitsMs.length} writes; from the writer's response to the reader's, which waited for that version)`,
        ]
      : []),
    '',
    'Open next:',
    ...nextPages(result, settings).map(([what, where]) => `  ${what.padEnd(28)}${where}`),
  ].join('\n')
}

function nextPages({ slowestTrace }: DemoResult, settings: StackSettings): [string, string][] {
  const http = (port: number, path: string) => `http://127.0.0.1:${port}${path}`
  const query = encodeURIComponent('rate(reader_projection_events_total[1m])')
  return [
    ['Swagger UI, commands', `http://${serviceAddress(settings, 'WRITER_HTTP_PORT')}/docs`],
    ['Swagger UI, queries', `http://${serviceAddress(settings, 'READER_HTTP_PORT')}/docs`],
    [
      'Search for what was sent',
      `http://${serviceAddress(settings, 'READER_HTTP_PORT')}/api/v1/products?search=tea`,
    ],
    ['Metrics of the writer', `http://${serviceAddress(settings, 'WRITER_ADMIN_PORT')}/metrics`],
    ['Metrics of the reader', `http://${serviceAddress(settings, 'READER_ADMIN_PORT')}/metrics`],
    ['Prometheus', http(settings.LOCAL_PROMETHEUS_PORT, `/graph?g0.expr=${query}&g0.tab=0`)],
    ['Trace of the slowest write', http(settings.LOCAL_JAEGER_PORT, `/api/traces/${slowestTrace}`)],
  ]
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}...` : text
}
