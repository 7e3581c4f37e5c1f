import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Change } from './bug.ts'
import { bugs } from './bugs.ts'

/** Changes the modules that this process loads from now on. Throws when a place to change does not exist. */
export function plant(name: string): void {
  const bug = bugs.find((each) => each.name === name)
  if (!bug) throw new Error(`There is no planted bug named ${name}.`)
  registerHooks({
    load(url, context, nextLoad) {
      const changes = bug.changes.filter(({ file }) => url.endsWith(`/${file}`))
      if (changes.length === 0) return nextLoad(url, context)
      const source = changes.reduce(withChange, readFileSync(fileURLToPath(url), 'utf8'))
      return { format: 'module-typescript', source, shortCircuit: true }
    },
  })
}

export function withChange(source: string, { file, find, instead }: Change): string {
  const parts = source.split(find)
  if (parts.length === 2) return parts.join(instead)
  throw new Error(`found ${parts.length - 1} times in ${file}, where a planted bug needs it once: ${find}`)
}
