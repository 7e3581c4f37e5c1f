import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

type Graph = ReadonlyMap<string, readonly string[]>

/** The packages of the workspace and what each depends on at run time. Tests may use testkit, which depends on core. */
function runtimeDependencies(): Graph {
  const manifests = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return []
    try {
      return [readFileSync(join(root, entry.name, 'package.json'), 'utf8')]
    } catch {
      return []
    }
  })
  return new Map(
    manifests.map((text) => {
      const { name, dependencies = {} } = JSON.parse(text) as {
        name: string
        dependencies?: Record<string, string>
      }
      return [name, Object.keys(dependencies).filter((each) => each.startsWith('@lockstep/'))]
    }),
  )
}

/** Removes the packages without dependencies until none remains, or only cycles and what depends on them. */
function partOfCycles(graph: Graph): string[] {
  const left = new Map(graph)
  for (;;) {
    const free = [...left].filter(([, dependencies]) => dependencies.every((each) => !left.has(each)))
    if (free.length === 0) return [...left.keys()]
    for (const [name] of free) left.delete(name)
  }
}

test('the packages do not depend on each other in a cycle', () => {
  const graph = runtimeDependencies()
  expect(graph.size).toBeGreaterThan(5)
  expect(partOfCycles(graph)).toEqual([])
  const cyclic = new Map([...graph, ['@lockstep/core', ['@lockstep/testkit']] as const])
  expect(partOfCycles(cyclic)).toContain('@lockstep/core')
})
