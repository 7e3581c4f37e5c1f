import { AppError } from '@lockstep/core/errors/app-error.ts'
import { MongoServerError, type Collection, type Filter } from 'mongodb'
import type { ProductFinder, SearchQuery } from '../../app/ports.ts'
import { heldVersions } from './held-versions.ts'
import { toProduct, toState, type LiveDocument, type ProductDocument } from './product-document.ts'

/** The server stops at `timeoutMs`; the client gives up this much later, on a server that hangs. */
const CLIENT_GRACE_MS = 250

/** MaxTimeMSExpired */
const TIME_LIMIT_PASSED = 50

export function mongoProductFinder(
  products: Collection<ProductDocument>,
  { timeoutMs }: { timeoutMs: number },
): ProductFinder {
  const limits = (deadline = Infinity) => {
    const leftMs = Math.min(timeoutMs, Math.max(1, deadline - Date.now()))
    const signal = AbortSignal.timeout(leftMs + CLIENT_GRACE_MS)
    return { maxTimeMS: leftMs, signal, projection: { words: 0 } }
  }
  return {
    find: (id) =>
      asAppErrors(async () => {
        const document = await products.findOne({ _id: id }, limits())
        return document ? toState(document) : undefined
      }),
    versions: (ids) => asAppErrors(() => heldVersions(products, ids, limits())),
    search: (query) =>
      asAppErrors(async () => {
        const found = await products
          .find<LiveDocument>(searchFilter(query), limits(query.deadline))
          .sort({ createdAt: -1, _id: 1 })
          .limit(query.limit)
          .toArray()
        return found.map(toProduct)
      }),
  }
}

function searchFilter({ prefixes, category, after }: SearchQuery): Filter<ProductDocument> {
  const all: Filter<ProductDocument>[] = [{ deleted: false }]
  if (category !== undefined) all.push({ category })
  // Anchored and free of operators: it becomes a range of the index over the words.
  for (const prefix of prefixes) all.push({ words: new RegExp(`^${escape(prefix)}`) })
  if (after) {
    // The first of the two is implied by the second; it alone becomes a bound of the index.
    all.push({ createdAt: { $lte: after.createdAt } })
    all.push({ $or: [{ createdAt: { $lt: after.createdAt } }, { _id: { $gt: after.id } }] })
  }
  return { $and: all }
}

/** `RegExp.escape` also turns the first letter into \xNN, in which MongoDB sees no prefix any more. */
function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

async function asAppErrors<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query()
  } catch (error) {
    if (error instanceof MongoServerError && error.code === TIME_LIMIT_PASSED) {
      throw new AppError('deadline_exceeded', 'The query took too long', { cause: error })
    }
    throw new AppError('unavailable', 'The read model cannot be reached', { cause: error })
  }
}
