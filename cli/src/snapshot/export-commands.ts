import {
  EventStoreClient,
  type ExportEventsResponse,
  type ImportEventsRequest,
  type ImportEventsResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import type { Command } from 'commander'
import { withClient } from '../clients.ts'
import type { Context } from '../context.ts'
import { receiveFile, sendFile, verifyFile } from './transfer.ts'

/** `lockstep export` and `lockstep import`: all events of the writer, to move an installation. */
export function addExportCommands(program: Command, contextOf: () => Context): void {
  program
    .command('export')
    .description('write all events of the event store to a file')
    .argument('<file>', 'the file to write; a file of this name is replaced when the export is complete')
    .action(async (file: string) => {
      const { out, addresses } = contextOf()
      const { count, bytes } = await withClient(EventStoreClient, 'writer', addresses, (client) =>
        receiveFile(file, client.exportEvents({}) as AsyncIterable<ExportEventsResponse>),
      )
      out.value({ file, events: count, bytes }, `exported ${count} events, ${bytes} bytes`)
    })

  program
    .command('import')
    .description('store all events of an export in an empty event store, and publish them')
    .argument('<file>', 'a file of `lockstep export`')
    .option('--no-publish', 'do not publish the events; rebuild each read model afterwards')
    .action(async (file: string, { publish }: { publish: boolean }) => {
      const { out, addresses } = contextOf()
      const { count } = await verifyFile(file)
      await withClient(EventStoreClient, 'writer', addresses, async (client) => {
        using bar = out.progress('events')
        const request = (data: Buffer): ImportEventsRequest => ({ withoutPublishing: !publish, data })
        const onResponse = ({ imported }: ImportEventsResponse) => bar.update(imported, count)
        await sendFile(file, client.importEvents(), request, onResponse)
      })
      out.value(
        { file, events: count, published: publish },
        `imported ${count} events${publish ? '; the relay publishes them' : ''}`,
      )
    })
}
