/** A table in the formatter's style: each column is padded to its widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [first = [], ...others] = cells.map(line)
  return [first, line(widths.map((width) => '-'.repeat(width))), ...others].join('\n')
}

export const code = (text: string): string => `\`${text}\``

/**
 * Inserts each part between its marks, `<!-- generated: NAME -->` and `<!-- end -->`. Text outside the marks is written
 * by hand and stays unchanged. Throws for a mark without a part and for a part without a mark.
 */
export function fillIn(text: string, parts: Record<string, string>): string {
  const used = new Set<string>()
  const filled = text.replaceAll(/<!-- generated: (\w+) -->\n.*?<!-- end -->/gs, (_, name: string) => {
    const part = parts[name]
    if (part === undefined) throw new Error(`there is no part named ${name}`)
    used.add(name)
    return `<!-- generated: ${name} -->\n\n${part}\n\n<!-- end -->`
  })
  const unused = Object.keys(parts).filter((name) => !used.has(name))
  if (unused.length > 0) throw new Error(`there is no place for ${unused.join(', ')}`)
  return filled
}
