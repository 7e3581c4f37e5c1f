import { writeArchive } from '@lockstep/core/archive/archive.ts'
import { contractHeader } from '@lockstep/core/archive/contract.ts'
import { AppError } from '@lockstep/core/errors/app-error.ts'
import { isFed, type GenerationGroups, type GenerationRegistry } from '../rebuild/generations.ts'
import type { SnapshotDocuments } from './snapshot-documents.ts'
import { CONTENT, type SnapshotHeader } from './snapshot-header.ts'

export type SnapshotPorts = {
  readModel: string
  registry: GenerationRegistry
  groups: GenerationGroups
  documentsOf: (generation: number) => SnapshotDocuments
  /** The fields of the events that the read model is built from. */
  contract: () => readonly string[]
}

/** The bytes of a snapshot. The consumer sets the pace. */
export type SaveSnapshot = () => AsyncGenerator<Buffer>

/**
 * A snapshot of the active generation, while writes continue. The offsets are read first and the documents afterwards:
 * an event before the offsets is in the documents, because the projection commits an offset after the write. An event
 * after them may be in the documents or not; a restore applies it again, and the version gate decides.
 */
export function saveSnapshot({
  readModel,
  registry,
  groups,
  documentsOf,
  contract,
}: SnapshotPorts): SaveSnapshot {
  return async function* save() {
    const { active } = await registry.read()
    const documents = documentsOf(active)
    const header: SnapshotHeader = {
      content: CONTENT,
      readModel,
      createdAt: new Date().toISOString(),
      total: await documents.count(),
      cluster: await groups.cluster(),
      offsets: await groups.position(active),
    }
    async function* complete() {
      yield* documents.scan()
      // The documents of a generation are deleted some seconds after it is not fed any more, and it never is again.
      const { generations } = await registry.read()
      if (generations.some((each) => each.number === active && isFed(each))) return
      throw new AppError(
        'unavailable',
        `Generation ${active} of ${readModel} was dropped meanwhile; try again`,
      )
    }
    yield* writeArchive({ ...header, contract: contractHeader(contract()) }, complete())
  }
}
