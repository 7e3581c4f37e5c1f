/** A command of the README's tour with the output that the README shows below it. */
export type Step = { command: string; shown: string }

/** The `sh` blocks under a heading, each with the `text` block that follows it. Throws when one has none. */
export function tourSteps(markdown: string, heading: string): Step[] {
  const [, section] = markdown.split(`\n## ${heading}\n`)
  const text = section?.split('\n## ')[0] ?? ''
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, body = '']) => ({ kind, body }))
  return blocks.flatMap(({ kind, body }, index) => {
    if (kind !== 'sh') return []
    const next = blocks[index + 1]
    if (next?.kind !== 'text') throw new Error(`no output is shown for: ${body}`)
    return [{ command: body, shown: next.body }]
  })
}

/** The lines of `shown` that the output does not have, in their order. `…` matches anything within a line. */
export function missingLines(shown: string, output: string): string[] {
  const lines = output.split('\n').map((line) => line.trim())
  let from = 0
  return shown
    .trimEnd()
    .split('\n')
    .filter((wanted) => {
      const pattern = new RegExp(`^${wanted.split('…').map(RegExp.escape).join('.*')}$`)
      const at = lines.findIndex((line, index) => index >= from && pattern.test(line))
      if (at >= 0) from = at + 1
      return at < 0
    })
}
