import { hostname, userInfo } from 'node:os'
import { Metadata, type ClientReadableStream } from '@grpc/grpc-js'
import {
  DeadLettersClient,
  type DeadLetter,
  type DeadLetterSelection,
  type GetDeadLetterResponse,
  type RecordPosition,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { projectionGroup, retryTopic } from '@lockstep/contracts/topics.ts'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { ask, withClient, type ServiceName } from '../clients.ts'
import { Problem, UsageError } from '../exit.ts'
import type { Context } from '../context.ts'
import { parseTime } from '../parse-time.ts'
import { MAX_INT32, wholeNumber } from '../whole-number.ts'
import { deadLetterJson, deadLetterLine, positionText, recordJson, recordText } from './record-text.ts'

type GroupOptions = { group: string; via: ServiceName }
type SelectOptions = GroupOptions & { key?: string; class?: string; since?: Date; until?: Date }
type ResolveOptions = SelectOptions & { all?: boolean; dryRun?: boolean; by: string; reason?: string }

/** `lockstep errors ...`: the dead letters of a consumer group. */
export function addErrorsCommand(program: Command, contextOf: () => Context): void {
  const errors = program
    .command('errors')
    .description("show and resolve the records on a consumer group's error topic")

  selecting(errors.command('list').description('list the open records, the oldest first'))
    .option('--resolved', 'list the records that were redriven or discarded instead')
    .action(async (options: SelectOptions & { resolved?: boolean }) => {
      const context = contextOf()
      const count = await withErrors(context, options, (client) => {
        const request = { selection: selectionOf(options), resolved: options.resolved === true }
        return printed(context, client.listDeadLetters(request), (deadLetter) => deadLetterLine(deadLetter))
      })
      context.out.line(count === 0 ? 'none' : `${count} ${count === 1 ? 'record' : 'records'}`)
    })

  ofGroup(errors.command('show').description('show one record with its error, headers and payload'))
    .argument('<record>', 'topic/partition/offset, as the list shows it', parsePosition)
    .action(async (position: RecordPosition, options: GroupOptions) => {
      const context = contextOf()
      const request = { group: options.group, position }
      const found = await withErrors(context, options, (client) =>
        ask<GetDeadLetterResponse>((...call) => client.getDeadLetter(request, new Metadata(), ...call)),
      )
      context.out.value(recordJson(found), recordText(found))
    })

  resolving(
    errors.command('redrive').description('send records to their consumer group again, at least once'),
  )
    .option(
      '--rate <records>',
      'send at most this many records per second, 1-10000',
      wholeNumber(1, 10_000),
      100,
    )
    .option('--reason <text>', 'the reason, stored with the resolution')
    .action(async (position: RecordPosition | undefined, options: ResolveOptions & { rate: number }) => {
      const context = contextOf()
      const request = { ...resolveRequest(options, position), recordsPerSecond: options.rate }
      const count = await withErrors(context, options, (client) =>
        resolved(context, client.redriveDeadLetters(request), request.dryRun),
      )
      expectOne(position, count)
      context.out.line(summary(count, request.dryRun, `put on ${retryTopic(options.group)}`))
    })

  resolving(errors.command('discard').description('resolve records without processing them'))
    .requiredOption('--reason <text>', 'why the records are not needed, stored with the resolution')
    .action(async (position: RecordPosition | undefined, options: ResolveOptions) => {
      const context = contextOf()
      const request = resolveRequest(options, position)
      const count = await withErrors(context, options, (client) =>
        resolved(context, client.discardDeadLetters(request), request.dryRun),
      )
      expectOne(position, count)
      context.out.line(summary(count, request.dryRun, 'discarded'))
    })
}

function ofGroup(command: Command): Command {
  return command
    .option('-g, --group <name>', 'the consumer group', projectionGroup('product'))
    .addOption(
      new Option('--via <service>', 'the service to call; both serve every group')
        .choices(['reader', 'writer'])
        .default('reader'),
    )
}

function selecting(command: Command): Command {
  return ofGroup(command)
    .option('--key <text>', 'only records with this key')
    .option('--class <name>', 'only records of this class: undecodable, unknown_type or invariant')
    .option(
      '--since <time>',
      'only records that failed at this time or later (RFC 3339, or an age such as 15m, 2h or 7d)',
      (text) => parseTime(text),
    )
    .option('--until <time>', 'only records that failed before this time', (text) => parseTime(text))
}

function resolving(command: Command): Command {
  return selecting(command)
    .argument('[record]', 'one record: topic/partition/offset', parsePosition)
    .option('--all', 'all open records of the group')
    .option('--dry-run', 'list the records and change nothing')
    .option('--by <name>', 'the person who resolves the records', `${userInfo().username}@${hostname()}`)
}

function selectionOf(options: SelectOptions, position?: RecordPosition): DeadLetterSelection {
  const { group, key, class: errorClass, since, until } = options
  return { group, position, key, errorClass, since, until }
}

function resolveRequest(options: ResolveOptions, position: RecordPosition | undefined) {
  const { all = false, dryRun = false, by, reason = '' } = options
  const selection = selectionOf(options, position)
  const narrowed = [position, selection.key, selection.errorClass, selection.since, selection.until]
  if (!all && narrowed.every((each) => each === undefined)) {
    throw new UsageError(
      'Select records: name one as topic/partition/offset, use --key, --class, --since or --until, or use --all',
    )
  }
  return { selection, all, dryRun, by, reason }
}

function withErrors<T>(
  { addresses }: Context,
  { via }: GroupOptions,
  work: (client: DeadLettersClient) => Promise<T>,
): Promise<T> {
  return withClient(DeadLettersClient, via, addresses, work)
}

type Entries<Response> = ClientReadableStream<Response> & AsyncIterable<Response>

async function printed(
  { out }: Context,
  entries: Entries<{ deadLetter?: DeadLetter | undefined }>,
  text: (deadLetter: DeadLetter) => string,
): Promise<number> {
  let count = 0
  for await (const { deadLetter } of entries) {
    if (!deadLetter) continue
    out.value(deadLetterJson(deadLetter), text(deadLetter))
    count++
  }
  return count
}

type Resolved = { deadLetter?: DeadLetter | undefined; done: number; total: number }

async function resolved({ out }: Context, answers: Entries<Resolved>, dryRun: boolean): Promise<number> {
  using bar = out.progress('records')
  let count = 0
  for await (const { deadLetter, done, total } of answers) {
    if (!deadLetter) continue
    out.value(deadLetterJson(deadLetter), dryRun ? deadLetterLine(deadLetter) : undefined)
    if (!dryRun) bar.update(done, total)
    count++
  }
  return count
}

function expectOne(position: RecordPosition | undefined, count: number): void {
  if (position && count === 0)
    throw new Problem(
      `There is no open record ${positionText(position)}; lockstep errors list shows the open records`,
    )
}

function summary(count: number, dryRun: boolean, done: string): string {
  const records = `${count} ${count === 1 ? 'record' : 'records'}`
  return dryRun ? `${records} would be ${done}` : `${records} ${done}`
}

function parsePosition(text: string): RecordPosition {
  const [, topic, partition, offset] = /^([\w.-]+)\/(\d+)\/(\d+)$/.exec(text) ?? []
  if (topic === undefined) throw new InvalidArgumentError('It must have the form topic/partition/offset.')
  return {
    topic,
    partition: wholeNumber(0, MAX_INT32)(partition ?? ''),
    offset: wholeNumber(0, Number.MAX_SAFE_INTEGER)(offset ?? ''),
  }
}
