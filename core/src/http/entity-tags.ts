import type { FieldViolation } from '../errors/app-error.ts'

/** The tags of `If-Match` and `If-None-Match` (RFC 9110, 13.1), as far as a route evaluates them. */

const entityTag = String.raw`(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"`
const eachTag = new RegExp(entityTag, 'g')
const list = new RegExp(String.raw`^[\t ,]*${entityTag}(?:[\t ]*,[\t ,]*${entityTag})*[\t ,]*$`)

export type EntityTags = '*' | readonly string[]

/** Undefined without the header. A text that is neither `*` nor a list of entity tags is one of the violations. */
export function entityTagsOf(
  header: string | undefined,
  field: string,
  violations: FieldViolation[],
): EntityTags | undefined {
  if (header === undefined) return undefined
  if (header.trim() === '*') return '*'
  if (!list.test(header)) violations.push({ field, message: 'must be entity tags like "3", or *' })
  return header.match(eachTag) ?? []
}

/** Whether `If-None-Match` names this tag; weak and strong tags are compared alike (RFC 9110, 13.1.2). */
export function noneMatchHas(tags: EntityTags, etag: string): boolean {
  return tags === '*' || tags.some((tag) => tag === etag || tag === `W/${etag}`)
}

/** Whether `If-Match` has this tag; a weak tag never matches (RFC 9110, 13.1.1). */
export function matchHas(tags: EntityTags, etag: string): boolean {
  return tags === '*' || tags.includes(etag)
}
