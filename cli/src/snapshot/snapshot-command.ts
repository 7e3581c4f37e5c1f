import {
  ReadModelsClient,
  type GenerationStatus,
  type RestoreSnapshotRequest,
  type RestoreSnapshotResponse,
  type SaveSnapshotResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import type { Command } from 'commander'
import { adviseIfNotFound, withClient } from '../clients.ts'
import type { Context } from '../context.ts'
import { listReadModels } from '../read-model-names.ts'
import { receiveFile, sendFile, verifyFile } from './transfer.ts'

/** `lockstep snapshot save|restore|verify`: files with the documents of a read model. */
export function addSnapshotCommand(program: Command, contextOf: () => Context): void {
  const snapshot = program
    .command('snapshot')
    .description('save a read model to a file, restore it, or verify a file')

  snapshot
    .command('save')
    .description('save a read model to a file, while writes and queries continue')
    .argument('<file>', 'the file to write; a file of this name is replaced when the snapshot is complete')
    .option('--read-model <name>', 'the name of the read model', 'product')
    .action(async (file: string, { readModel }: { readModel: string }) => {
      const { out, addresses } = contextOf()
      const saving = withClient(ReadModelsClient, 'reader', addresses, (client) =>
        receiveFile(file, client.saveSnapshot({ readModel }) as AsyncIterable<SaveSnapshotResponse>),
      )
      const { count, bytes } = await adviseIfNotFound(listReadModels, saving)
      out.value({ file, readModel, documents: count, bytes }, `saved ${count} documents, ${bytes} bytes`)
    })

  snapshot
    .command('restore')
    .description('build a new generation of the read model from a file, audit it, and make it active')
    .argument('<file>', 'a file of `lockstep snapshot save`')
    .option('--read-model <name>', 'refuse a snapshot of another read model')
    .action(async (file: string, { readModel }: { readModel?: string }) => {
      const { out, addresses } = contextOf()
      // Damage is found before the first byte is sent. The reader verifies what it receives as well.
      const { bytes } = await verifyFile(file)
      const restoring = withClient(ReadModelsClient, 'reader', addresses, async (client) => {
        using bar = out.progress('bytes')
        const call = client.restoreSnapshot()
        let last: GenerationStatus | undefined
        let sent = 0
        const request = (data: Buffer): RestoreSnapshotRequest => {
          const first = sent === 0
          bar.update((sent += data.length), bytes)
          return { readModel: first ? readModel : undefined, data }
        }
        await sendFile<RestoreSnapshotRequest, RestoreSnapshotResponse>(file, call, request, (response) => {
          last = response.generation ?? last
        })
        return last
      })
      const generation = await adviseIfNotFound(listReadModels, restoring)
      if (!generation) return
      const { readModel: name, generation: number } = generation
      out.value(
        generation,
        `queries of ${name} use generation ${number}; the old generation stays up to date until you run ` +
          `lockstep rebuild ${name} --drop-old`,
      )
    })

  snapshot
    .command('verify')
    .description('verify that a snapshot or an export is complete and unaltered; needs no service')
    .argument('<file>', 'a file of `lockstep snapshot save` or `lockstep export`')
    .action(async (file: string) => {
      const { out } = contextOf()
      const { header, count, bytes } = await verifyFile(file)
      const { contract: _contract, ...shown } = header
      const { content, readModel, createdAt } = header as Record<string, string | undefined>
      const of = readModel === undefined ? `${content}` : `${content} ${readModel}`
      out.value(
        { ...shown, count, bytes },
        `${of}, saved at ${createdAt}: ${count} entries, ${bytes} bytes, valid`,
      )
    })
}
