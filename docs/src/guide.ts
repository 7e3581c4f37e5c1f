/** A command in a page, with the output that the page shows below it, if it shows any. */
export type Step = { command: string; shown: string | undefined }

/** The `sh` blocks of a page, or of one section of it, each with the `text` block that follows it. */
export function stepsOf(markdown: string, heading?: string): Step[] {
  const text = heading === undefined ? markdown : sectionOf(markdown, heading)
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, body = '']) => ({ kind, body }))
  return blocks.flatMap(({ kind, body }, index) => {
    if (kind !== 'sh') return []
    const next = blocks[index + 1]
    return [{ command: body, shown: next?.kind === 'text' ? next.body : undefined }]
  })
}

function sectionOf(markdown: string, heading: string): string {
  const [, section] = markdown.split(`\n## ${heading}\n`)
  if (section === undefined) throw new Error(`there is no section ${heading}`)
  return section.split('\n## ')[0] ?? ''
}

/** The lines of `shown` that the output does not have, in their order. `…` matches anything within a line. */
export function missingLines(shown: string, output: string): string[] {
  const lines = output.split('\n').map((line) => line.trim())
  let from = 0
  return shown
    .trimEnd()
    .split('\n')
    .filter((wanted) => {
      const pattern = new RegExp(`^${wanted.trim().split('…').map(RegExp.escape).join('.*')}$`)
      const at = lines.findIndex((line, index) => index >= from && pattern.test(line))
      if (at >= 0) from = at + 1
      return at < 0
    })
}

/** The lines that `pnpm create_aggregate` says to add, by path. */
export function linesToAdd(output: string): Map<string, string[]> {
  const lines = new Map<string, string[]>()
  for (const [, path = '', added = ''] of output.matchAll(/^ {2}(\S+\.ts)\n((?: {4}\+ .*\n)+)/gm)) {
    lines.set(
      path,
      added
        .trimEnd()
        .split('\n')
        .map((line) => line.slice('    + '.length)),
    )
  }
  return lines
}

/** The text of a list with the lines added: an import is added at the top, an entry at the beginning of the list. */
export function withLines(text: string, lines: readonly string[]): string {
  return lines.reduce((current, line) => {
    if (line.startsWith('import ')) return `${line}\n${current}`
    const start = /= \[\n/.exec(current)
    if (!start) throw new Error(`there is no list to which to add ${line.trim()}`)
    const at = start.index + start[0].length
    return `${current.slice(0, at)}${line}\n${current.slice(at)}`
  }, text)
}

export type ChangedFile = { path: string; isNew: boolean; lines: number }

/** The files that git reports as changed, with the number of lines that were added or removed. */
export function changedFiles(numstat: string, existing: ReadonlySet<string>): ChangedFile[] {
  return [...numstat.matchAll(/^(\d+)\t(\d+)\t(.+)$/gm)].map(([, added, removed, path = '']) => ({
    path,
    isNew: !existing.has(path),
    lines: Number(added) + Number(removed),
  }))
}
