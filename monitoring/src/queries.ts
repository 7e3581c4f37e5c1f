import type { Panel, Query, Unit } from './panels.ts'

/** What the rows of the dashboard consist of: kinds of panels, and expressions of Prometheus. */

export const timeseries = (title: string, unit: Unit, description: string, ...queries: Query[]): Panel => ({
  kind: 'timeseries',
  title,
  description,
  unit,
  queries,
})

export const stat = (title: string, unit: Unit, description: string, expr: string): Panel => ({
  kind: 'stat',
  title,
  description,
  unit,
  queries: [{ expr, legend: title }],
})

export const rate = (selector: string, by: string) => `sum by (${by}) (rate(${selector}[$__rate_interval]))`

export const quantile = (q: number, histogram: string, by: string) =>
  `histogram_quantile(${q}, ${rate(`${histogram}_bucket`, by === '' ? 'le' : `le, ${by}`)})`

/** The median and the 99th percentile. */
export const percentiles = (histogram: string, by: string): Query[] =>
  [50, 99].map((percent) => ({
    expr: quantile(percent / 100, histogram, by),
    legend: by === '' ? `p${percent}` : `{{${by}}} p${percent}`,
  }))

/** 0 while the counter has no series: prom-client exports a series with labels only after its first increment. */
export const orZero = (expr: string) => `${expr} or vector(0)`

/** The share of calls that failed on our side; 0 while there are calls and none has failed. */
export const failedShare = (calls: string, failed: string) =>
  `(${rate(`${calls}{${failed}}`, 'service')} or 0 * ${rate(calls, 'service')}) / ${rate(calls, 'service')}`
