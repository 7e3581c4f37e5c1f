import { code, table } from './markdown.ts'

/** The table of make targets in the README, from the comments in the Makefile. */
export function makeTargets(makefile: string): string {
  const targets = [...makefile.matchAll(/^([a-z_]+):.*?## (.*)$/gm)]
  const rows = targets.map(([, name = '', help = '']) => [code(`make ${name}`), help])
  return table(['Target', 'What it does'], rows)
}
