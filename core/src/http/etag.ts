/** The entity tag of a version (RFC 9110, section 8.8.3). Strong: responses with the same version have the same bytes. */
export function etagOf(version: number): string {
  return `"${version}"`
}
