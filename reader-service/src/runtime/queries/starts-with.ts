/**
 * Matches texts that start with the prefix. The pattern is anchored and has no operators, so that MongoDB reads only a
 * range of the index. `RegExp.escape` would write the first letter as \xNN, in which MongoDB finds no prefix.
 */
export function startsWith(prefix: string): RegExp {
  return new RegExp(`^${prefix.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}`)
}
