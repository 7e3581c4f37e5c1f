import {
  EventStoreClient,
  type EventPosition,
  type RepublishEventsRequest,
  type RepublishEventsResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'
import { InvalidArgumentError, type Command } from 'commander'
import { adviseIfNotFound, withClient } from '../clients.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit.ts'
import { parseTime } from '../parse-time.ts'
import { wholeNumber } from '../whole-number.ts'

type Options = {
  id?: string
  since?: Date
  until?: Date
  all?: boolean
  after?: EventPosition
  dryRun?: boolean
}

const example = 'for example: lockstep republish product --all --dry-run'
const advice = `check the aggregate type and the id, ${example}`

/** `lockstep republish <aggregate>`: publishes stored events of an aggregate type again. */
export function addRepublishCommand(program: Command, contextOf: () => Context): void {
  program
    .command('republish')
    .description('publish stored events again, through the outbox and in their order')
    .argument('<aggregate>', 'the aggregate type, for example product')
    .option('--id <id>', 'only the events of this id')
    .option(
      '--since <time>',
      'only events that occurred at this time or later (RFC 3339, or an age such as 2h or 7d)',
      asTime,
    )
    .option('--until <time>', 'only events that occurred before this time', asTime)
    .option('--all', 'all events of the aggregate type')
    .option('--after <id/version>', 'continue after this event', parsePosition)
    .option('--dry-run', 'count the events and change nothing')
    .showHelpAfterError(`(${example}; lockstep republish --help lists the options)`)
    .action(async (aggregate: string, options: Options) => {
      const context = contextOf()
      const { id, since, until, after, all = false, dryRun = false } = options
      if (!all && [id, since, until].every((each) => each === undefined)) {
        throw new UsageError('Select events with --id, --since or --until, or use --all')
      }
      const request = { aggregate, id, since, until, all, dryRun, after }
      const work = withClient(EventStoreClient, 'writer', context.addresses, (client) =>
        follow(context, client, request),
      )
      const { scanned = 0, queued = 0, position } = (await adviseIfNotFound(advice, work)) ?? {}
      context.out.value(
        { scanned, queued, ...(position && { position: positionText(position) }) },
        `${scanned} ${scanned === 1 ? 'event' : 'events'} read, ${queued} ${dryRun ? 'would be ' : ''}queued for publication`,
      )
    })
}

async function follow(
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
    if (last?.position) {
      out.warn(`interrupted; continue with the same options and --after ${positionText(last.position)}`)
    }
    throw error
  }
  return last
}

const asTime = (text: string) => parseTime(text)

function positionText({ id, version }: EventPosition): string {
  return `${id}/${version}`
}

function parsePosition(text: string): EventPosition {
  const [, id, version] = /^([\da-fA-F-]{36})\/(\d+)$/.exec(text) ?? []
  if (id === undefined) throw new InvalidArgumentError('It must have the form id/version.')
  return { id, version: wholeNumber(0, Number.MAX_SAFE_INTEGER)(version ?? '') }
}
