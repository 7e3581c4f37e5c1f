import { ArchiveError } from '@lockstep/core/archive/archive.ts'
import { BSON, MongoBulkWriteError, type Db, type Document } from 'mongodb'
import { fromReadModel } from '../or-unavailable.ts'
import type { SnapshotDocuments } from './snapshot-documents.ts'

const { EJSON } = BSON

/** Documents in memory: one page, and what waits for the compression. Some have 60 KB. */
const PAGE_SIZE = 100

/** `in` is absent for the first collection of a generation. */
type Line = { in?: string; document: Document & { _id: string } }

/** Relaxed Extended JSON: numbers are numbers, and dates keep their type. */
export function mongoSnapshotDocuments(
  db: Db,
  name: string,
  collections: readonly string[],
): SnapshotDocuments {
  const collectionOf = (suffix: string) => db.collection<{ _id: string }>(`${name}${suffix}`)

  return {
    async *scan() {
      for (const suffix of collections) {
        // By pages and not by one cursor: the caller may be slow, and a server forgets a cursor that is not used.
        for (let after: string | undefined, last = false; !last;) {
          const filter = after === undefined ? {} : { _id: { $gt: after } }
          const page = await fromReadModel(() =>
            collectionOf(suffix).find(filter).sort({ _id: 1 }).limit(PAGE_SIZE).toArray(),
          )
          for (const document of page) {
            yield EJSON.stringify({ ...(suffix !== '' && { in: suffix }), document }, { relaxed: true })
          }
          after = page.at(-1)?._id
          last = page.length < PAGE_SIZE
        }
      }
    },

    async load(lines) {
      const documents = Map.groupBy(lines.map(parseLine), ({ in: suffix = '' }) => suffix)
      for (const [suffix, of] of documents) {
        if (!collections.includes(suffix)) throw new ArchiveError(`The file has documents of "${suffix}"`)
        const inserted = of.map(({ document }) => document)
        await fromReadModel(() =>
          collectionOf(suffix).insertMany(inserted, { ordered: false }).catch(ignoreRepeated),
        )
      }
    },

    count: () =>
      fromReadModel(async () => {
        const counts = collections.map((suffix) => collectionOf(suffix).estimatedDocumentCount())
        return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
      }),
  }
}

const DUPLICATE_KEY = 11_000

/** A write whose response was lost is repeated: nothing else writes to a generation that is being restored. */
function ignoreRepeated(error: unknown): void {
  const errors = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : []
  if (errors.length === 0 || errors.some(({ code }) => code !== DUPLICATE_KEY)) throw error
}

function parseLine(line: string): Line {
  try {
    const parsed = EJSON.parse(line, { relaxed: true }) as Partial<Line> | null
    if (parsed?.document?._id !== undefined) return parsed as Line
  } catch {
    // The text is not JSON.
  }
  throw new ArchiveError('The file was altered: it has a line that is not a document')
}
