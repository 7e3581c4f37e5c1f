/** The version is the entity tag: two responses with the same version have the same bytes. */
export function etagOf(version: number): string {
  return `"${version}"`
}

/** Whether `If-None-Match` names this tag; weak and strong tags are compared alike (RFC 9110, 13.1.2). */
export function noneMatchHas(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return [...header.matchAll(/(?:W\/)?("[^"]*")/g)].some(([, tag]) => tag === etag)
}
