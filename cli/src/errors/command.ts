import { hostname, userInfo } from 'node:os'
import { Metadata, type ClientReadableStream } from '@grpc/grpc-js'
import {
  DeadLettersClient,
  type DeadLetter,
  type DeadLetterSelection,
  type GetDeadLetterResponse,
  type RecordPosition,
} from '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'
import { groups, retryTopic } from '@lockstep/contracts/topics.ts'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { ask, withClient, type ServiceName } from '../clients.ts'
import { Problem, UsageError } from '../exit.ts'
import type { Context } from '../run.ts'
import { parseTime } from '../time.ts'
import { wholeNumber } from '../whole-number.ts'
import { deadLetterJson, deadLetterLine, positionText, recordJson, recordText } from './record-text.ts'

type GroupOptions = { group: string; via: ServiceName }
type SelectOptions = GroupOptions & { key?: string; class?: string; since?: Date; until?: Date }
type ResolveOptions = SelectOptions & { all?: boolean; dryRun?: boolean; by: string; reason?: string }

/** `lockstep errors ...`: the records that a consumer group gave up. */
export function addErrorsCommand(program: Command, contextOf: () => Context): void {
  const errors = program.command('errors').description('the records that a consumer group gave up')

  selecting(errors.command('list').description('list what nobody has settled yet, the oldest first'))
    .option('--settled', 'list what was redriven or discarded instead')
    .action(async (options: SelectOptions & { settled?: boolean }) => {
      const context = contextOf()
      const count = await withErrors(context, options, (client) => {
        const request = { selection: selectionOf(options), resolved: options.settled === true }
        return printed(context, client.listDeadLetters(request), (deadLetter) => deadLetterLine(deadLetter))
      })
      context.out.line(count === 0 ? 'none' : `${count} ${count === 1 ? 'record' : 'records'}`)
    })

  ofGroup(errors.command('show').description('show one record: its error, headers and payload'))
    .argument('<record>', 'topic/partition/offset, as the list has it', parsePosition)
    .action(async (position: RecordPosition, options: GroupOptions) => {
      const context = contextOf()
      const request = { group: options.group, position }
      const found = await withErrors(context, options, (client) =>
        ask<GetDeadLetterResponse>((...call) => client.getDeadLetter(request, new Metadata(), ...call)),
      )
      context.out.value(recordJson(found), recordText(found))
    })

  settling(errors.command('redrive').description('give records to their group again, at least once'))
    .option('--rate <records>', 'at most so many a second, 1-10000', wholeNumber(1, 10_000), 100)
    .option('--reason <text>', 'why, for the record')
    .action(async (position: RecordPosition | undefined, options: ResolveOptions & { rate: number }) => {
      const context = contextOf()
      const request = { ...resolveRequest(options, position), recordsPerSecond: options.rate }
      const count = await withErrors(context, options, (client) =>
        settled(context, client.redriveDeadLetters(request), request.dryRun),
      )
      expectOne(position, count)
      context.out.line(told(count, request.dryRun, `put on ${retryTopic(options.group)}`))
    })

  settling(errors.command('discard').description('settle records for good without handling them'))
    .requiredOption('--reason <text>', 'why nobody needs them')
    .action(async (position: RecordPosition | undefined, options: ResolveOptions) => {
      const context = contextOf()
      const request = resolveRequest(options, position)
      const count = await withErrors(context, options, (client) =>
        settled(context, client.discardDeadLetters(request), request.dryRun),
      )
      expectOne(position, count)
      context.out.line(told(count, request.dryRun, 'discarded'))
    })
}

function ofGroup(command: Command): Command {
  const known: string[] = Object.values(groups)
  return command
    .addOption(
      new Option('-g, --group <name>', 'the consumer group').choices(known).default(groups.productProjection),
    )
    .addOption(
      new Option('--via <service>', 'which service to ask; both can answer for every group')
        .choices(['reader', 'writer'])
        .default('reader'),
    )
}

function selecting(command: Command): Command {
  return ofGroup(command)
    .option('--key <text>', 'only records with this key')
    .option('--class <name>', 'only this class: undecodable, unknown_type, invariant')
    .option(
      '--since <time>',
      'only those given up at this time or later (RFC 3339, or 15m, 2h, 7d ago)',
      (text) => parseTime(text),
    )
    .option('--until <time>', 'only those given up before this time', (text) => parseTime(text))
}

function settling(command: Command): Command {
  return selecting(command)
    .argument('[record]', 'one record: topic/partition/offset', parsePosition)
    .option('--all', 'every open record of the group')
    .option('--dry-run', 'say which, and do nothing')
    .option('--by <name>', 'who settles them', `${userInfo().username}@${hostname()}`)
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
    throw new UsageError('Say which records: one of them, --key, --class, --since, --until or --all')
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

async function settled({ out }: Context, answers: Entries<Resolved>, dryRun: boolean): Promise<number> {
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
  if (position && count === 0) throw new Problem(`There is no open record ${positionText(position)}`)
}

function told(count: number, dryRun: boolean, done: string): string {
  const records = `${count} ${count === 1 ? 'record' : 'records'}`
  return dryRun ? `${records} would be ${done}` : `${records} ${done}`
}

function parsePosition(text: string): RecordPosition {
  const [, topic, partition, offset] = /^([\w.-]+)\/(\d+)\/(\d+)$/.exec(text) ?? []
  if (topic === undefined) throw new InvalidArgumentError('It has to be topic/partition/offset.')
  return { topic, partition: Number(partition), offset: Number(offset) }
}
