import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../../..')

type Case = [folder: string, specifier: string, ending?: string]

const refused: Case[] = [
  ['writer-service/src/product', '@lockstep/core/errors/app-error.ts'],
  ['writer-service/src/product', '../runtime/aggregate.ts'],
  ['writer-service/src/product', 'node:fs'],
  ['writer-service/src/product/domain', 'pg'],
  ['reader-service/src/runtime', '../product/product-read-model.ts'],
  ['reader-service/src/runtime', '../read-models.ts'],
  ['reader-service/src/runtime/projection', '../../product/search.ts'],
  ['reader-service/src/runtime/projection', '../../wire.ts'],
  ['reader-service/src/runtime/projection', '../../product/search.ts', '.test.ts'],
  ['reader-service/src/runtime/testing', '../../product/testing/product-states.ts'],
  ['reader-service/src/runtime/audit/testing', '../../../product/testing/product-states.ts'],
  ['reader-service/src/runtime/cache', '@lockstep/reader-service/product/search.ts'],
  ['reader-service/src/runtime/versions', '../cache/item-cache.ts'],
  ['reader-service/src/runtime/versions', './redis-version-notifications.ts'],
  ['reader-service/src/runtime/queries', '../projection/document-finder.ts'],
  ['reader-service/src/runtime/queries', '../inbound/http-routes.ts'],
  ['reader-service/src/runtime/queries', 'mongodb'],
  ['reader-service/src/runtime/rebuild', './mongo-generation-registry.ts'],
  ['reader-service/src/runtime/audit', '@lockstep/core/redis/client.ts'],
  ['reader-service/src/product', '../stock/stock-source.ts'],
  ['reader-service/src/product', '../stock/stock-source.ts', '.test.ts'],
  ['reader-service/src/product', '../config.ts'],
  ['reader-service/src/product/inbound', '../../stock/stock-source.ts'],
  ['reader-service/src/product', 'mongodb'],
  ['reader-service/src/product', '@lockstep/core/kafka/client/client.ts'],
  ['reader-service/src/product', 'node:fs'],
  ['writer-service/src', '../stock/stock.ts', '/commands.ts'],
  ['writer-service/src', '../wire.ts', '/commands.ts'],
  ['writer-service/src', '@lockstep/reader-service/config.ts', '/commands.ts'],
  ['writer-service/src/runtime', '../product/product.ts'],
  ['writer-service/src/runtime', '@lockstep/contracts/product-events.ts'],
  ['writer-service/src/runtime/event-store', '../../product/product.ts'],
  ['writer-service/src/runtime/inbound/http', '../../../product/commands.ts'],
  ['writer-service/src/runtime/inbound/grpc', '@lockstep/contracts/gen/lockstep/product/v1/product.ts'],
  ['writer-service/src/runtime/testing', '../../product/product.ts'],
  ['writer-service/src/runtime/commands', '../event-store/postgres-event-store.ts'],
  ['writer-service/src/runtime/commands', '../inbound/command-input.ts'],
  ['writer-service/src/runtime/commands', 'pg'],
  ['writer-service/src/runtime/commands', '@lockstep/core/kafka/producer/producer.ts'],
  ['writer-service/src/runtime/commands', '../../wire.ts'],
  ['writer-service/src/runtime/event-store', '../inbound/command-input.ts'],
  ['writer-service/src/runtime/inbound/http', '../../event-store/postgres-event-store.ts'],
  ['writer-service/src/runtime/outbox', 'kafkajs'],
  ['writer-service/src', '@lockstep/reader-service/config.ts'],
  ['writer-service/src', '../../reader-service/src/config.ts'],
  ['reader-service/src', '@lockstep/writer-service/config.ts'],
  ['reader-service/src', '@lockstep/writer-service/config.ts', '.test.ts'],
  ['reader-service/src', '@lockstep/local-infra/ports.ts'],
  ['reader-service/src', '@lockstep/testkit/fresh-names.ts'],
  ['core/src/kafka/consumer', '@lockstep/testkit/fresh-names.ts'],
  ['local-infra/src', '@lockstep/testkit/fresh-names.ts'],
  ['migrations/src', '@lockstep/testkit/fresh-names.ts'],
  ['testkit/src', '@lockstep/writer-service/config.ts'],
  ['reader-service/src', 'kafkajs'],
  ['migrations/src', 'kafkajs'],
  ['core/src/http', 'kafkajs'],
  ['core/src/http', '@lockstep/writer-service/config.ts'],
  ['core/src/http', '@lockstep/contracts/gen/lockstep/product/v1/product.ts'],
  ['core/src/kafka', '@lockstep/contracts/product-events.ts'],
  ['contracts/src', '@lockstep/core/errors/app-error.ts'],
  ['cli/src', '@lockstep/writer-service/config.ts'],
  ['cli/src', '../../reader-service/src/config.ts'],
  ['cli/src', '@lockstep/local-infra/ports.ts'],
  ['cli/src', 'pg'],
  ['cli/src', 'mongodb'],
  ['cli/src', 'kafkajs'],
  ['cli/src/errors', '@lockstep/core/kafka/producer/producer.ts'],
  ['cli/src', '@lockstep/core/postgres/pool.ts'],
  ['reader-service/src', '@lockstep/cli/config.ts'],
  ['core/src/operators', '@lockstep/cli/config.ts'],
]

const allowed: Case[] = [
  ['core/src/kafka/consumer', '@lockstep/testkit/fresh-names.ts', '.test.ts'],
  ['local-infra/src', '@lockstep/testkit/fresh-names.ts', '.test.ts'],
  ['reader-service/src/runtime', '../config.ts'],
  ['reader-service/src/runtime', './projection/document-store.ts'],
  ['reader-service/src/runtime/projection', '../queries/definition.ts'],
  ['reader-service/src/runtime/projection', 'mongodb'],
  ['reader-service/src/runtime/versions', '../queries/load-item.ts'],
  ['reader-service/src/runtime/queries', 'node:crypto'],
  ['reader-service/src/product', '../runtime/projection/versioned-document.ts'],
  ['reader-service/src/product/inbound', '../../runtime/read-model.ts'],
  ['reader-service/src/product', '@lockstep/contracts/product-events.ts'],
  ['writer-service/src/product', './product.ts'],
  ['writer-service/src/product', '../runtime/decision.ts'],
  ['writer-service/src', '../runtime/aggregate.ts', '/commands.ts'],
  ['writer-service/src', '@lockstep/contracts/product-events.ts', '/commands.ts'],
  ['writer-service/src/runtime', '@lockstep/contracts/event-contract.ts'],
  ['writer-service/src/runtime/commands', '../aggregate.ts'],
  ['writer-service/src/runtime/event-store', '../commands/ports.ts'],
  ['writer-service/src/runtime/event-store', 'pg'],
  ['writer-service/src/runtime/inbound/grpc', '../../commands/execute-command.ts'],
  ['writer-service/src/runtime/operators', '@lockstep/contracts/gen/lockstep/ops/v1/event_store.ts'],
  ['writer-service/src', './runtime/event-store/postgres-event-store.ts'],
  ['core/src/kafka', 'kafkajs'],
  ['core/src/operators', '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'],
  ['cli/src', '@lockstep/contracts/gen/lockstep/ops/v1/dead_letters.ts'],
  ['cli/src', '@lockstep/core/config/settings.ts'],
]

/** What the lint says of the planted files, all at once: its start takes longer than the linting. */
let complaints: string[]
let copy: string

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'lockstep-boundaries-'))
  await cp(join(root, 'oxlint.config.ts'), join(copy, 'oxlint.config.ts'))
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  const cases = [...refused, ...allowed]
  await Promise.all(cases.map(plant))
  const parameters = ['-f', 'unix', ...cases.map(([folder]) => folder)]
  const lint = promisify(execFile)(join(root, 'node_modules/.bin/oxlint'), parameters, { cwd: copy })
  const { stdout } = await lint.catch((error: { stdout: string }) => error)
  complaints = stdout.split('\n').filter((line) => line.includes('no-restricted-imports'))
})

afterAll(() => rm(copy, { recursive: true, force: true }))

async function plant([folder, specifier, ending = '.ts']: Case, index: number): Promise<void> {
  const file = join(copy, folder, `planted${index}${ending}`)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `import { something } from '${specifier}'\nconsole.log(something)\n`)
}

function refusals(index: number): string[] {
  return complaints.filter((line) => new RegExp(`/planted${index}[./]`).test(line))
}

describe('the lint keeps the layers apart', () => {
  for (const [index, [folder, specifier]] of refused.entries()) {
    test(`${folder} may not import ${specifier}`, () => expect(refusals(index)).toHaveLength(1))
  }
  for (const [index, [folder, specifier]] of allowed.entries()) {
    test(`${folder} may import ${specifier}`, () => expect(refusals(refused.length + index)).toEqual([]))
  }
})
