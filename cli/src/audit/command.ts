import {
  ReadModelClient,
  type AuditFinding,
  type AuditProgress,
  type AuditReadModelResponse,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import type { Command } from 'commander'
import { withClient } from '../clients.ts'
import { Problem } from '../exit.ts'
import type { Context } from '../run.ts'
import { wholeNumber } from '../whole-number.ts'

type Options = { repair?: boolean; rate: number; ageLimit: number }

/** `lockstep audit`: whether the model and the cache are what the writer has. */
export function addAuditCommand(program: Command, contextOf: () => Context): void {
  program
    .command('audit')
    .description(
      'compare the writer with the read model and the cache; exit code 1 when something has drifted',
    )
    .option('--repair', 'replace or remove what has drifted, if it is still as it was seen')
    .option('--rate <products>', 'compare at most so many a second, 1-100000', wholeNumber(1, 100_000), 1_000)
    .option(
      '--age-limit <ms>',
      'what is missing or behind counts when it stays so for longer, 0-600000',
      wholeNumber(0, 600_000),
      10_000,
    )
    .action(async ({ repair = false, rate, ageLimit }: Options) => {
      const context = contextOf()
      const request = { repair, productsPerSecond: rate, ageLimitMs: ageLimit }
      const { findings, end } = await withClient(ReadModelClient, 'reader', context.addresses, (client) =>
        followed(context, client.auditReadModel(request) as AsyncIterable<AuditReadModelResponse>),
      )
      const { compared = 0, cacheCompared = true } = end ?? {}
      const repaired = findings.filter((finding) => finding.repaired).length
      const summary = { compared, drifted: findings.length, repaired, cacheCompared }
      context.out.value(summary, summaryText(summary))
      if (findings.length > repaired)
        throw new Problem(`${findings.length - repaired} drifted and are as they were`)
      if (findings.length > 0)
        throw new Problem('what had drifted is repaired; audit again to see that it stays so')
    })
}

async function followed(
  { out }: Context,
  answers: AsyncIterable<AuditReadModelResponse>,
): Promise<{ findings: AuditFinding[]; end: AuditProgress | undefined }> {
  using bar = out.progress('products')
  const findings: AuditFinding[] = []
  let end: AuditProgress | undefined
  for await (const { news } of answers) {
    if (news?.$case === 'progress') {
      const { progress } = news
      bar.update(progress.compared, progress.total)
      if (progress.done) end = progress
    } else if (news?.$case === 'finding') {
      findings.push(news.finding)
      out.value(news.finding, findingLine(news.finding))
    }
  }
  return { findings, end }
}

function findingLine({
  id,
  place,
  kind,
  writerVersion,
  heldVersion,
  detail,
  repaired,
}: AuditFinding): string {
  const versions =
    place === 'writer' ? `version ${writerVersion}` : `writer ${writerVersion}, held ${heldVersion}`
  return [id, place.padEnd(6), kind.padEnd(9), versions, detail, repaired ? 'repaired' : '']
    .join('  ')
    .trimEnd()
}

type Summary = { compared: number; drifted: number; repaired: number; cacheCompared: boolean }

function summaryText({ compared, drifted, repaired, cacheCompared }: Summary): string {
  const parts = [
    `${compared} ${compared === 1 ? 'product' : 'products'} compared`,
    drifted === 0 ? 'nothing has drifted' : `${drifted} drifted, ${repaired} repaired`,
    ...(cacheCompared ? [] : ['the cache is closed and was not compared']),
  ]
  return parts.join('; ')
}
