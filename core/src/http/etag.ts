/** The entity tag of a version. */
export const etagOf = (version: number): string => `"${version}"`
