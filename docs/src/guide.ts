/** One thing that a guide tells its reader to do. */
export type GuideStep =
  | { kind: 'run'; script: string }
  | { kind: 'write'; path: string; text: string }
  | { kind: 'change'; path: string; hunks: Hunk[] }

/** Lines that stand in the file, and what stands there afterwards. */
export type Hunk = { before: string; after: string }

/**
 * What the fenced blocks of a guide ask for, in order: `sh` is run, `ts` that begins with a path is a new file, `diff`
 * is a change of the file in its first line, in parts that `@@` separates. Blocks of other kinds are only to be read.
 */
export function guideSteps(markdown: string): GuideStep[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, kind, body = '']): GuideStep[] => {
    if (kind === 'sh') return [{ kind: 'run', script: body }]
    const [first = '', ...rest] = body.split('\n')
    if (kind === 'ts') return [{ kind: 'write', path: after('// ', first), text: rest.join('\n') }]
    if (kind === 'diff') {
      return [{ kind: 'change', path: after('--- ', first), hunks: hunksOf(rest.join('\n')) }]
    }
    return []
  })
}

/** The text after the change. Throws unless the lines of each part stand in it exactly once. */
export function changed(text: string, hunks: readonly Hunk[]): string {
  return hunks.reduce((current, { before, after: wanted }) => {
    const places = [...current.matchAll(new RegExp(`^(?=${RegExp.escape(before)})`, 'gm'))]
    const at = places[0]?.index
    if (at === undefined || places.length > 1) throw new Error(`found ${places.length} times:\n${before}`)
    return current.slice(0, at) + wanted + current.slice(at + before.length)
  }, text)
}

function hunksOf(diff: string): Hunk[] {
  return diff.split('@@\n').map((part) => {
    const lines = part.split('\n').slice(0, -1)
    const side = (marks: string) =>
      lines.flatMap((line) => (marks.includes(line[0] ?? ' ') ? [`${line.slice(1)}\n`] : [])).join('')
    return { before: side(' -'), after: side(' +') }
  })
}

function after(prefix: string, line: string): string {
  if (!line.startsWith(prefix)) throw new Error(`expected ${prefix}PATH, found ${line}`)
  return line.slice(prefix.length)
}
