/** Any UUID, in any case, as every edge accepts it (RFC 9562, section 4). Edges convert ids to lower case. */
export const uuidPattern = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

export function isUuid(text: string): boolean {
  return uuidPattern.test(text)
}

/** The form in which ids are stored and published. */
export function isLowerCaseUuid(text: string): boolean {
  return isUuid(text) && text === text.toLowerCase()
}
