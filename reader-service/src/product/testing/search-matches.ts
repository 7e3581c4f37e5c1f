import { searchPrefixes, words } from '../search.ts'

/** What the conditions of a search mean: the product has words, and every prefix begins one of them. */
export function matches(search: string, text: string): boolean {
  const prefixes = searchPrefixes(search)
  const found = words(text)
  return prefixes.length > 0 && prefixes.every((prefix) => found.some((word) => word.startsWith(prefix)))
}
