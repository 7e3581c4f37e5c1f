import { escaped, rect } from '../report/svg.ts'
import type { Call } from './cpu-profile.ts'

const WIDTH = 1_600
const ROW = 17
const TOP = 36
/** Narrower calls cannot be seen, and there are thousands of them. */
const NARROWEST = 0.6
const CHARACTER = 6.4

/** One SVG file: the width of a call is its CPU time, its callers are above it, and a tool tip has the numbers. */
export function flameGraph(title: string, tree: Call): string {
  const boxes: string[] = []
  let deepest = 0
  const draw = (call: Call, x: number, depth: number) => {
    const width = (call.micros / tree.micros) * WIDTH
    if (width < NARROWEST) return
    deepest = Math.max(deepest, depth)
    boxes.push(boxOf(call, { x, y: TOP + depth * ROW, width, height: ROW - 1 }, tree.micros))
    let left = x
    for (const callee of call.calls.toSorted((a, b) => b.micros - a.micros)) {
      draw(callee, left, depth + 1)
      left += (callee.micros / tree.micros) * WIDTH
    }
  }
  draw(tree, 0, 0)
  const height = TOP + (deepest + 1) * ROW + 10
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="monospace" font-size="11">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="6" y="20" font-size="14">${escaped(title)}; orange: our code, blue: packages, green: Node, grey: V8</text>`,
    ...boxes,
    '</svg>\n',
  ].join('\n')
}

type Box = Parameters<typeof rect>[0]

function boxOf({ name, place, micros, selfMicros }: Call, box: Box, total: number): string {
  const ms = (value: number) => `${(value / 1_000).toFixed(0)} ms`
  const tip = `${name} ${place}: ${((micros / total) * 100).toFixed(1)} %, ${ms(micros)}, of its own ${ms(selfMicros)}`
  const fits = Math.floor((box.width - 4) / CHARACTER)
  const label = fits < 3 ? '' : name.length <= fits ? name : `${name.slice(0, fits - 1)}…`
  const text = label && `<text x="${(box.x + 2).toFixed(1)}" y="${box.y + 12}">${escaped(label)}</text>`
  return rect(box, colourOf(name, place), tip) + text
}

function colourOf(name: string, place: string): string {
  if (place === '' || name.startsWith('(')) return '#cccccc'
  if (place.startsWith('node:')) return '#9fd3a8'
  return /^([a-z]+-service|core|contracts)\/src\//.test(place) ? '#f2a65a' : '#9cc3e6'
}
