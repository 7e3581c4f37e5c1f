/** The documents of one generation as a snapshot has them: one JSON text each. Rejects with `unavailable`. */
export type SnapshotDocuments = {
  /** All documents, in pages. A document that is written meanwhile is in it as it was before or after that. */
  scan: () => AsyncGenerator<string>
  /** Adds documents of a scan; may be repeated. Throws an ArchiveError for a text that is not one. */
  load: (lines: readonly string[]) => Promise<void>
  /** About how many there are. */
  count: () => Promise<number>
}
