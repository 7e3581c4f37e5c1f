import { Metadata } from '@grpc/grpc-js'
import {
  ReadModelClient,
  type ListReadModelsResponse,
  type ReadModelStatus,
  type SwitchReadModelResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import type { Command } from 'commander'
import { ask, withClient } from '../clients.ts'
import { UsageError } from '../exit.ts'
import type { Context } from '../run.ts'
import { wholeNumber } from '../whole-number.ts'

type Options = { status?: boolean; switchTo?: number; dropOld?: boolean }
type Answers = AsyncIterable<{ model?: ReadModelStatus | undefined }>

/** `lockstep rebuild`: the read model anew, beside the one in use. */
export function addRebuildCommand(program: Command, contextOf: () => Context): void {
  program
    .command('rebuild')
    .description('make the read model anew beside the one in use, or follow the rebuild that is under way')
    .option('--status', 'say which read models there are')
    .option(
      '--switch-to <generation>',
      'have queries see this read model',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--drop-old', 'drop the read model that queries do not see')
    .action(async (options: Options) => {
      const context = contextOf()
      const chosen = Object.keys(options).length
      if (chosen > 1) throw new UsageError('Say one of --status, --switch-to and --drop-old')
      await withClient(ReadModelClient, 'reader', context.addresses, async (client) => {
        if (options.status) await showStatus(context, client)
        else if (options.switchTo !== undefined) await switchTo(context, client, options.switchTo)
        else if (options.dropOld) await dropOld(context, client)
        else await rebuild(context, client)
      })
    })
}

async function rebuild({ out }: Context, client: ReadModelClient): Promise<void> {
  let last: ReadModelStatus | undefined
  {
    using bar = out.progress('products')
    for await (const { model } of client.rebuildReadModel({}) as Answers) {
      if (!model) continue
      last = model
      bar.update(model.written, model.total)
    }
  }
  if (last) out.value(last, `queries see read model ${last.generation}; the old one goes on until --drop-old`)
}

async function showStatus({ out }: Context, client: ReadModelClient): Promise<void> {
  const { models } = await ask<ListReadModelsResponse>((...call) =>
    client.listReadModels({}, new Metadata(), ...call),
  )
  for (const model of models) out.value(model, statusLine(model))
}

async function switchTo({ out }: Context, client: ReadModelClient, generation: number): Promise<void> {
  const { model } = await ask<SwitchReadModelResponse>((...call) =>
    client.switchReadModel({ generation }, new Metadata(), ...call),
  )
  if (model) out.value(model, `queries see read model ${model.generation}`)
}

async function dropOld({ out }: Context, client: ReadModelClient): Promise<void> {
  let last: ReadModelStatus | undefined
  {
    using bar = out.progress('products')
    for await (const { model } of client.dropReadModel({}) as Answers) {
      last = model
      if (model?.phase === 'retiring') bar.update(model.written, model.total)
    }
  }
  out.value({ dropped: last?.generation ?? null }, 'the other read model is gone')
}

function statusLine({ generation, phase, active, written, total, behind }: ReadModelStatus): string {
  const copied = phase === 'filling' || phase === 'retiring' ? `${written} of ${total} states` : ''
  const lag = behind === undefined ? '' : `${behind} records behind`
  return [`${generation}`.padStart(3), active ? 'active' : '      ', phase.padEnd(8), copied, lag]
    .join('  ')
    .trimEnd()
}
