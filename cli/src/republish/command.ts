import {
  EventStoreClient,
  type EventPosition,
  type RepublishEventsRequest,
  type RepublishEventsResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { InvalidArgumentError, type Command } from 'commander'
import { withClient } from '../clients.ts'
import { UsageError } from '../exit.ts'
import type { Context } from '../run.ts'
import { parseTime } from '../time.ts'

type Options = {
  product?: string
  since?: Date
  until?: Date
  all?: boolean
  after?: EventPosition
  dryRun?: boolean
}

/** `lockstep republish`: events of the store go to the topic again. */
export function addRepublishCommand(program: Command, contextOf: () => Context): void {
  program
    .command('republish')
    .description('have events of the store published again, through the outbox and in their order')
    .option('--product <id>', 'only the events of this product')
    .option(
      '--since <time>',
      'only events that occurred at this time or later (RFC 3339, or 2h, 7d ago)',
      asTime,
    )
    .option('--until <time>', 'only events that occurred before this time', asTime)
    .option('--all', 'the whole store')
    .option('--after <product/version>', 'go on behind this event', parsePosition)
    .option('--dry-run', 'count and do nothing')
    .action(async (options: Options) => {
      const context = contextOf()
      const { since, until, after, all = false, dryRun = false, product: productId } = options
      if (!all && [productId, since, until].every((each) => each === undefined)) {
        throw new UsageError('Say which events: --product, --since, --until or --all')
      }
      const last = await withClient(EventStoreClient, 'writer', context.addresses, (client) =>
        followed(context, client, { productId, since, until, all, dryRun, after }),
      )
      const { scanned = 0, queued = 0, position } = last ?? {}
      context.out.value(
        { scanned, queued, ...(position && { position: positionText(position) }) },
        `${queued} ${queued === 1 ? 'event' : 'events'} ${dryRun ? 'would be' : 'are'} published again, of ${scanned}`,
      )
    })
}

async function followed(
  { out }: Context,
  client: EventStoreClient,
  request: RepublishEventsRequest,
): Promise<RepublishEventsResponse | undefined> {
  using bar = out.progress('events')
  let last: RepublishEventsResponse | undefined
  try {
    for await (const progress of client.republishEvents(request) as AsyncIterable<RepublishEventsResponse>) {
      last = progress
      bar.update(progress.scanned, progress.total)
    }
  } catch (error) {
    if (last?.position) out.warn(`cut off; go on with: --after ${positionText(last.position)}`)
    throw error
  }
  return last
}

const asTime = (text: string) => parseTime(text)

function positionText({ productId, version }: EventPosition): string {
  return `${productId}/${version}`
}

function parsePosition(text: string): EventPosition {
  const [, productId, version] = /^([\da-fA-F-]{36})\/(\d+)$/.exec(text) ?? []
  if (productId === undefined) throw new InvalidArgumentError('It has to be product/version.')
  return { productId, version: Number(version) }
}
