/** The format that V8 writes, as far as it is used here. */
export type CpuProfile = {
  nodes: readonly {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number }
    children?: readonly number[]
  }[]
  samples: readonly number[]
  /** µs between the samples. */
  timeDeltas: readonly number[]
}

export type Call = {
  name: string
  /** The file below the checkout or the package, with the line; empty for what is not JavaScript. */
  place: string
  /** Of the call and of all that it called, µs. */
  micros: number
  selfMicros: number
  calls: Call[]
}

/** Time in which the process waited is not CPU time. */
const notWork = new Set(['(idle)', '(program)'])

/** The calls from the root on. Calls of the same function by the same caller are one. */
export function callTree({ nodes, samples, timeDeltas }: CpuProfile): Call {
  const self = new Map<number, number>()
  for (const [index, id] of samples.entries()) self.set(id, (self.get(id) ?? 0) + (timeDeltas[index] ?? 0))
  const byId = new Map(nodes.map((node) => [node.id, node]))

  const build = (ids: readonly number[]): Call[] => {
    const groups = Map.groupBy(
      ids.flatMap((id) => byId.get(id) ?? []).filter(({ callFrame }) => !notWork.has(callFrame.functionName)),
      ({ callFrame: { functionName, url, lineNumber } }) => `${functionName} ${url} ${lineNumber}`,
    )
    return [...groups.values()].map((same) => {
      const { functionName, url, lineNumber } = same[0]!.callFrame
      const calls = build(same.flatMap(({ children = [] }) => children))
      const selfMicros = same.reduce((sum, { id }) => sum + (self.get(id) ?? 0), 0)
      const micros = selfMicros + calls.reduce((sum, call) => sum + call.micros, 0)
      const place = url === '' ? '' : `${shortPath(url)}:${lineNumber + 1}`
      return { name: functionName || '(anonymous)', place, micros, selfMicros, calls }
    })
  }
  const [root] = build([nodes[0]!.id])
  return root!
}

export function serviceOf({ nodes }: CpuProfile): string {
  const main = nodes.map(({ callFrame: { url } }) => /(\w+)-service\/src\/main\.ts$/.exec(url)?.[1])
  return main.find((name) => name !== undefined) ?? 'process'
}

export type Share = { label: string; share: number }

/** The functions with the most time of their own. */
export const hottest = (tree: Call, count: number): Share[] =>
  shares(tree, ({ name, place }) => `${name} ${place}`).slice(0, count)

/** Where the time is spent: in which packages, in Node, and in what is not JavaScript, most first. */
export const origins = (tree: Call): Share[] => shares(tree, originOf)

/** How much of all time the calls with the same label have of their own, most first. */
function shares(tree: Call, labelOf: (call: Call) => string): Share[] {
  const micros = new Map<string, number>()
  const visit = (call: Call) => {
    const label = labelOf(call)
    micros.set(label, (micros.get(label) ?? 0) + call.selfMicros)
    call.calls.forEach(visit)
  }
  visit(tree)
  return [...micros]
    .toSorted(([, a], [, b]) => b - a)
    .map(([label, own]) => ({ label, share: own / tree.micros }))
}

function originOf({ name, place }: Call): string {
  if (place === '') return name === '(garbage collector)' ? 'garbage collector' : 'native code'
  if (place.startsWith('node:')) return 'node'
  return /^(?:@[^/]+\/)?[^/]+/.exec(place)?.[0] ?? place
}

function shortPath(url: string): string {
  const [, inPackage] = /.*\/node_modules\/(.*)$/.exec(url) ?? []
  const [, ours] = /\/((?:[a-z]+-service|core|contracts)\/src\/.*)$/.exec(url) ?? []
  return inPackage ?? ours ?? url
}
