/** Small plots as SVG text, with fonts and colours that need no other file. */

export type Bar = { label: string; value: number; low: number; high: number; aim?: number | undefined }

export type Stack = { label: string; parts: Readonly<Record<string, number>> }

const ROW = 24
const LABELS = 430
const PLOT = 400
const WIDTH = LABELS + PLOT + 70

/** From a palette whose colours differ for people who do not see all of them (Okabe and Ito). */
const colours = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#999999']

/** Horizontal bars with the spread as a line, and the aim as a mark. */
export function barChart(title: string, bars: readonly Bar[], text: (value: number) => string): string {
  const most = Math.max(...bars.flatMap(({ high, aim = 0 }) => [high, aim]), 0.001)
  const x = (value: number) => LABELS + (value / most) * PLOT
  const rows = bars.map(({ label, value, low, high, aim }, index) => {
    const y = 40 + index * ROW
    const middle = y + ROW / 2
    return [
      labelAt(label, middle),
      rect({ x: LABELS, y: y + 5, width: x(value) - LABELS, height: ROW - 10 }, colours[0]!, label),
      line(x(low), middle, x(high), middle, '#222222'),
      aim === undefined ? '' : line(x(aim), y + 2, x(aim), y + ROW - 2, '#d55e00'),
      note(text(value), x(Math.max(value, high, aim ?? 0)) + 6, middle),
    ].join('')
  })
  return svg(title, 40 + bars.length * ROW, rows)
}

/** Horizontal bars of parts, with a legend; the parts have the same colours in all of them. */
export function stackedBars(
  title: string,
  stacks: readonly Stack[],
  text: (value: number) => string,
): string {
  const names = [...new Set(stacks.flatMap(({ parts }) => Object.keys(parts)))]
  const total = ({ parts }: Stack) => Object.values(parts).reduce((sum, value) => sum + value, 0)
  const most = Math.max(...stacks.map(total), 0.001)
  const rows = stacks.map((stack, index) => {
    const y = 64 + index * ROW
    let x = LABELS
    const segments = names.map((name, colour) => {
      const width = ((stack.parts[name] ?? 0) / most) * PLOT
      const drawn = rect({ x, y: y + 5, width, height: ROW - 10 }, colours[colour % colours.length]!, name)
      x += width
      return drawn
    })
    const middle = y + ROW / 2
    return [labelAt(stack.label, middle), ...segments, note(text(total(stack)), x + 6, middle)].join('')
  })
  const legend = names.map((name, index) => {
    const x = 10 + index * 105
    const mark = rect({ x, y: 38, width: 12, height: 12 }, colours[index % colours.length]!, name)
    return mark + note(name, x + 17, 44)
  })
  return svg(title, 64 + stacks.length * ROW, [...legend, ...rows])
}

function svg(title: string, height: number, content: readonly string[]): string {
  const size = `width="${WIDTH}" height="${height + 10}" viewBox="0 0 ${WIDTH} ${height + 10}"`
  const font = 'font-family="system-ui, sans-serif" font-size="12"'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="10" y="22" font-size="14" font-weight="600">${escaped(title)}</text>`,
    ...content,
    '</svg>\n',
  ].join('\n')
}

type Box = { x: number; y: number; width: number; height: number }

export function rect({ x, y, width, height }: Box, fill: string, tip: string): string {
  const box = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(0, width).toFixed(1)}" height="${height}"`
  return `<rect ${box} fill="${fill}"><title>${escaped(tip)}</title></rect>`
}

function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  const ends = `x1="${x1.toFixed(1)}" y1="${y1}" x2="${x2.toFixed(1)}" y2="${y2}"`
  return `<line ${ends} stroke="${stroke}" stroke-width="2"/>`
}

function labelAt(text: string, y: number): string {
  const short = text.length > 68 ? `${text.slice(0, 67)}…` : text
  return `<text x="${LABELS - 8}" y="${y}" text-anchor="end" dominant-baseline="middle">${escaped(short)}</text>`
}

function note(text: string, x: number, y: number): string {
  return `<text x="${x.toFixed(1)}" y="${y}" dominant-baseline="middle">${escaped(text)}</text>`
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
