/** Any UUID, of any version, in either case: every edge converts ids to lower case. */
export const uuidPattern = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/
