import { Metadata } from '@grpc/grpc-js'
import {
  ReadModelsClient,
  type GenerationStatus,
  type ListGenerationsResponse,
  type SwitchGenerationResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import type { Command } from 'commander'
import { adviseIfNotFound, ask, withClient } from '../clients.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit.ts'
import { listReadModels } from '../read-model-names.ts'
import { wholeNumber } from '../whole-number.ts'

type Options = { status?: boolean; switchTo?: number; dropOld?: boolean }
type Progress = AsyncIterable<{ generation?: GenerationStatus | undefined }>

/** `lockstep rebuild <read-model>`: builds a new generation of a read model beside the active one. */
export function addRebuildCommand(program: Command, contextOf: () => Context): void {
  program
    .command('rebuild')
    .description(
      'build a new generation of a read model beside the active one, or follow the rebuild in progress',
    )
    .argument('[read-model]', 'the name of the read model, for example product; --status works without it')
    .option('--status', 'list the generations of this read model, or of all read models')
    .option(
      '--switch-to <generation>',
      'make queries use this generation',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--drop-old', 'drop the generation that queries do not use')
    .showHelpAfterError(`(${listReadModels}; lockstep rebuild --help lists the options)`)
    .action(async (readModel: string | undefined, options: Options) => {
      const context = contextOf()
      const action = actionFor(readModel, options)
      const done = withClient(ReadModelsClient, 'reader', context.addresses, (client) =>
        action(context, client),
      )
      await adviseIfNotFound(listReadModels, done)
    })
}

type Action = (context: Context, client: ReadModelsClient) => Promise<void>

function actionFor(readModel: string | undefined, options: Options): Action {
  if (Object.keys(options).length > 1) {
    throw new UsageError('Use only one of --status, --switch-to and --drop-old')
  }
  if (options.status) return (context, client) => showStatus(context, client, readModel ?? '')
  if (readModel === undefined) {
    throw new UsageError(`Name the read model, for example: lockstep rebuild product (${listReadModels})`)
  }
  const { switchTo, dropOld } = options
  if (switchTo !== undefined) {
    return (context, client) => switchGeneration(context, client, { readModel, generation: switchTo })
  }
  return (context, client) => (dropOld ? dropGeneration : rebuild)(context, client, readModel)
}

async function rebuild({ out }: Context, client: ReadModelsClient, readModel: string): Promise<void> {
  let last: GenerationStatus | undefined
  {
    using bar = out.progress('states')
    for await (const { generation } of client.rebuildReadModel({ readModel }) as Progress) {
      if (!generation) continue
      last = generation
      bar.update(generation.copied, generation.total)
    }
  }
  if (!last) return
  const next = `the old generation stays up to date until you run lockstep rebuild ${readModel} --drop-old`
  out.value(last, `${inUse(last)}; ${next}`)
}

async function showStatus({ out }: Context, client: ReadModelsClient, readModel: string): Promise<void> {
  const { generations } = await ask<ListGenerationsResponse>((...call) =>
    client.listGenerations({ readModel }, new Metadata(), ...call),
  )
  for (const generation of generations) out.value(generation, statusLine(generation))
}

async function switchGeneration(
  { out }: Context,
  client: ReadModelsClient,
  request: { readModel: string; generation: number },
): Promise<void> {
  const { generation } = await ask<SwitchGenerationResponse>((...call) =>
    client.switchGeneration(request, new Metadata(), ...call),
  )
  if (generation) out.value(generation, inUse(generation))
}

async function dropGeneration({ out }: Context, client: ReadModelsClient, readModel: string): Promise<void> {
  let last: GenerationStatus | undefined
  for await (const { generation } of client.dropGeneration({ readModel }) as Progress) {
    if (!generation) continue
    if (generation.phase !== last?.phase) {
      out.line(`generation ${generation.generation} of ${readModel} is ${generation.phase}`)
    }
    last = generation
  }
  const which = last ? `generation ${last.generation}` : 'the generation that queries do not use'
  out.value({ readModel, dropped: last?.generation ?? null }, `${which} of ${readModel} is dropped`)
}

function inUse({ readModel, generation }: GenerationStatus): string {
  return `queries of ${readModel} use generation ${generation}`
}

function statusLine(status: GenerationStatus): string {
  const { readModel, generation, phase, active, copied, total, lag } = status
  const copying = ['backfilling', 'restoring'].includes(phase) ? `${copied} of ${total} copied` : ''
  return [
    readModel.padEnd(16),
    `${generation}`.padStart(3),
    active ? 'active' : '      ',
    phase.padEnd(15),
    copying,
    lag === undefined ? '' : `${lag} records behind`,
  ]
    .join('  ')
    .trimEnd()
}
