import {
  ReadModelsClient,
  type AuditMismatch,
  type AuditProgress,
  type AuditReadModelResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import type { Command } from 'commander'
import { adviseIfNotFound, withClient } from '../clients.ts'
import type { Context } from '../context.ts'
import { Problem } from '../exit.ts'
import { listReadModels } from '../read-model-names.ts'
import { wholeNumber } from '../whole-number.ts'

type Options = { repair?: boolean; rate: number; ageLimit: number }

/** `lockstep audit <read-model>`: compares a read model and its cache with the writer. */
export function addAuditCommand(program: Command, contextOf: () => Context): void {
  program
    .command('audit')
    .description('compare the writer with a read model and its cache; exit code 1 if there are mismatches')
    .argument('<read-model>', 'the name of the read model, for example product')
    .option('--repair', 'replace or remove each mismatch, if it has not changed in the meantime')
    .option(
      '--rate <documents>',
      'compare at most this many documents per second, 1-100000',
      wholeNumber(1, 100_000),
      1_000,
    )
    .option(
      '--age-limit <ms>',
      'report what is missing or behind only if it stays so for longer than this, 0-600000',
      wholeNumber(0, 600_000),
      10_000,
    )
    .showHelpAfterError(`(${listReadModels}; lockstep audit --help lists the options)`)
    .action(async (readModel: string, { repair = false, rate, ageLimit }: Options) => {
      const context = contextOf()
      const request = { readModel, repair, documentsPerSecond: rate, ageLimitMs: ageLimit }
      const audit = withClient(ReadModelsClient, 'reader', context.addresses, (client) =>
        follow(context, client.auditReadModel(request) as AsyncIterable<AuditReadModelResponse>),
      )
      const { mismatches, end } = await adviseIfNotFound(listReadModels, audit)
      if (!end) throw new Problem('the audit ended before it was complete; run it again')
      const { compared, cacheCompared } = end
      const repaired = mismatches.filter((mismatch) => mismatch.repaired).length
      const summary = { compared, mismatches: mismatches.length, repaired, cacheCompared }
      context.out.value(summary, summaryText(summary))
      const open = mismatches.filter((mismatch) => !mismatch.repaired)
      if (open.length > 0) {
        const next = open.every(({ store }) => store === 'writer')
          ? 'a repair does not change the writer: review these states manually'
          : `run lockstep audit ${readModel} --repair${repair ? ' again' : ''}`
        throw new Problem(`${countOf(open.length, 'mismatch', 'mismatches')} not repaired; ${next}`)
      }
      if (repaired > 0) {
        throw new Problem(`all mismatches are repaired; run lockstep audit ${readModel} again to confirm it`)
      }
    })
}

async function follow(
  { out }: Context,
  responses: AsyncIterable<AuditReadModelResponse>,
): Promise<{ mismatches: AuditMismatch[]; end: AuditProgress | undefined }> {
  using bar = out.progress('documents')
  const mismatches: AuditMismatch[] = []
  let end: AuditProgress | undefined
  for await (const { item } of responses) {
    if (item?.$case === 'progress') {
      const { progress } = item
      bar.update(progress.compared, progress.total)
      if (progress.done) end = progress
    } else if (item?.$case === 'mismatch') {
      mismatches.push(item.mismatch)
      out.value(item.mismatch, mismatchLine(item.mismatch))
    }
  }
  return { mismatches, end }
}

function mismatchLine(mismatch: AuditMismatch): string {
  const { id, store, kind, expectedVersion, actualVersion, detail, repaired } = mismatch
  const versions =
    store === 'writer'
      ? `version ${expectedVersion}`
      : `expected version ${expectedVersion}, actual ${actualVersion}`
  return [id, store.padEnd(10), kind.padEnd(10), versions, detail, repaired ? 'repaired' : '']
    .join('  ')
    .trimEnd()
}

type Summary = { compared: number; mismatches: number; repaired: number; cacheCompared: boolean }

function summaryText({ compared, mismatches, repaired, cacheCompared }: Summary): string {
  const parts = [
    `${countOf(compared, 'document', 'documents')} compared`,
    mismatches === 0
      ? 'no mismatches'
      : `${countOf(mismatches, 'mismatch', 'mismatches')}, ${repaired} repaired`,
    ...(cacheCompared ? [] : ['the cache is closed and was not compared']),
  ]
  return parts.join('; ')
}

function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
