import type { EncodedItem } from './definition.ts'
import type { QueryCall } from './read-model-queries.ts'

/** Exactly one of `asOfVersion` and `asOf`, RFC 3339. Not yet validated. */
export type PastRequest = { id: string; asOfVersion: number | undefined; asOf: string | undefined }

/**
 * An item as it was at a version or at a time, in the same form as it is now. Rejects with `invalid`, with `not_found` if
 * it did not exist then, with `read_model_behind`, and with the errors of reads by id.
 */
export type PastItems = (request: PastRequest, call: QueryCall) => Promise<EncodedItem>
