/** The part of Grafana's dashboard model that we use; Grafana adds its defaults for the rest. */

export type Query = { expr: string; legend: string }

export type Unit = 'short' | 's' | 'reqps' | 'ops' | 'percentunit' | 'bytes'

export type Panel = {
  kind: 'stat' | 'timeseries'
  title: string
  /** What a normal value is, or what to check when the value is not normal. */
  description: string
  unit: Unit
  queries: Query[]
}

export type Row = { title: string; panels: Panel[] }

const COLUMNS = 24
const datasource = { type: 'prometheus', uid: 'prometheus' }

/** Places the rows from top to bottom; the panels of a row share its width. */
export function grafanaDashboard(options: { uid: string; title: string; rows: readonly Row[] }) {
  let id = 0
  let y = 0
  const panels = options.rows.flatMap((row) => {
    const heading = {
      id: ++id,
      type: 'row',
      title: row.title,
      collapsed: false,
      panels: [],
      gridPos: line(y),
    }
    y += 1
    const w = Math.floor(COLUMNS / row.panels.length)
    const h = row.panels[0]?.kind === 'stat' ? 4 : 8
    const placed = row.panels.map((panel, column) =>
      grafanaPanel(panel, { id: ++id, gridPos: { x: column * w, y, w, h } }),
    )
    y += h
    return [heading, ...placed]
  })
  return {
    uid: options.uid,
    title: options.title,
    editable: false,
    refresh: '5s',
    time: { from: 'now-30m', to: 'now' },
    timezone: 'browser',
    schemaVersion: 41,
    tags: ['lockstep'],
    panels,
  }
}

function line(y: number) {
  return { x: 0, y, w: COLUMNS, h: 1 }
}

function grafanaPanel(panel: Panel, place: { id: number; gridPos: object }) {
  return {
    ...place,
    type: panel.kind,
    title: panel.title,
    description: panel.description,
    datasource,
    fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
    options:
      panel.kind === 'stat'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, graphMode: 'area' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi' } },
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCodePoint('A'.codePointAt(0)! + index),
      datasource,
      expr,
      legendFormat: legend,
    })),
  }
}
