import { ArchiveError, type ArchiveHeader } from '@lockstep/core/archive/archive.ts'
import { z } from 'zod'
import type { TopicOffsets } from '../rebuild/generations.ts'

export const CONTENT = 'read model'

export type SnapshotHeader = {
  content: typeof CONTENT
  readModel: string
  createdAt: string
  /** About how many documents follow. */
  total: number
  /** The Kafka cluster in which the offsets are valid. */
  cluster: string
  /** Where the group of the read model was before the first document was read. */
  offsets: TopicOffsets
}

const header = z.object({
  content: z.literal(CONTENT),
  readModel: z.string(),
  createdAt: z.string(),
  total: z.int().min(0),
  cluster: z.string(),
  offsets: z.record(z.string(), z.record(z.string(), z.string().regex(/^\d+$/))),
})

/** Throws an ArchiveError if the file is not a snapshot. */
export function snapshotHeader(found: ArchiveHeader): SnapshotHeader {
  if (found.content !== CONTENT) throw new ArchiveError('The file is not a snapshot of a read model')
  const parsed = header.safeParse(found)
  if (!parsed.success) throw new ArchiveError('The header of the file is not that of a snapshot')
  return parsed.data
}
