import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from '@lockstep/local-infra/ports.ts'
import { startService, type ServiceOptions } from '@lockstep/local-infra/servers/service.ts'
import { grpcurlFolder } from '@lockstep/testkit/grpcurl.ts'
import { startServers } from '@lockstep/testkit/start-servers.ts'
import { throwAwayDir } from '@lockstep/testkit/throw-away-dir.ts'
import { expect, test } from 'vitest'
import { type ChangedFile, changedFiles, linesToAdd, missingLines, stepsOf, withLines } from './guide.ts'

const root = join(import.meta.dirname, '../..')
const guide = readFileSync(join(root, 'docs/add-your-own-aggregate.md'), 'utf8')

/** Has every kind of field and of read model, for the checks of the templates. */
const everyKind =
  "pnpm create_aggregate invoice 'number:text(12)' 'dueDays:integer(0,365)' totalCents:money paid:flag region:slug --history --totals region,totalCents"

test(
  'an aggregate that the guide adds is small, passes all checks, and works',
  { timeout: 600_000 },
  async () => {
    await using scope = new AsyncDisposableStack()
    const { dir } = scope.use(await throwAwayDir())
    const copy = join(dir, 'lockstep')
    const [system, existing] = await Promise.all([startSystem(dir, copy, scope), copyRepository(copy)])
    const bash = bashIn(copy, {
      ...system.env,
      PATH: [await grpcurlFolder(), process.env.PATH].join(delimiter),
    })
    const variables = join(dir, 'variables.sh')
    await writeFile(variables, makeHere)
    await bash('scripts/bootstrap; git init -q')
    // The generator loads the list of aggregates, so it runs before a contract without generated code is in the list.
    const ofEveryKind = await bash(everyKind)
    await bash('git add -A')

    for (const { command, shown } of stepsOf(guide)) {
      // Each block continues with the variables of the blocks before.
      const set = [...command.matchAll(/^(\w+)=/gm)].map(([, name = '']) => name)
      const keep = set.map((name) => `declare -p ${name} >> ${variables}`)
      const output = await bash([`. ${variables}`, system.here(command), ...keep].join('\n'))
      if (shown !== undefined) expect(missingLines(shown, output), `${command}\n${output}`).toEqual([])

      if (command.startsWith('pnpm create_aggregate')) {
        await addLines(copy, output)
        const files = changedFiles(await bash('git add -N .; git diff --numstat'), existing)
        const size = sizeOf(files)
        expect(size.files, 'files').toBeLessThanOrEqual(10)
        expect(size.lines, 'lines').toBeLessThanOrEqual(600)
        expect(size.linesInExistingFiles, 'lines in existing files').toBe(4)
        expect(files.filter(({ path }) => /(^|\/)(runtime|core)\//.test(path))).toEqual([])
        await addLines(copy, ofEveryKind)
      }
      if (command.endsWith('make up\n')) await system.startServices()
    }
    await bash(
      `pnpm vitest run invoice docs/src/generated-files architecture/lists -t '^(?!invoice: |the aggregate )'`,
    )
  },
)

/** What a new aggregate takes, with its tests and without generated code. */
function sizeOf(files: readonly ChangedFile[]) {
  const created = files.filter(({ isNew }) => isNew)
  const changed = files.filter(({ isNew }) => !isNew)
  const lines = (some: readonly ChangedFile[]) => some.reduce((sum, file) => sum + file.lines, 0)
  return { files: created.length, lines: lines(created), linesInExistingFiles: lines(changed) }
}

/** Servers, and on demand the services of the copy. */
async function startSystem(dir: string, copy: string, scope: AsyncDisposableStack) {
  const servers = scope.use(await startServers({ dir, only: ['postgres', 'kafka', 'mongo', 'redis'] }))
  const { postgres, kafka, mongo, redis } = servers
  const [writerHttp, writerGrpc, readerGrpc, readerHttp, writerAdmin, readerAdmin] = (await freePorts(6)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const env = {
    POSTGRES_URL: postgres.url,
    KAFKA_BROKERS: kafka.brokers.join(','),
    MONGO_URL: mongo.url,
    REDIS_URL: redis.url,
    READER_WRITER_GRPC: `127.0.0.1:${writerGrpc}`,
    // The reader has just started: on a busy machine it joins its groups after the first query.
    READER_MIN_VERSION_WAIT_MS: '30000',
    LOCKSTEP_WRITER: `127.0.0.1:${writerGrpc}`,
    LOCKSTEP_READER: `127.0.0.1:${readerGrpc}`,
    LOCKSTEP_TEST_SERVERS: JSON.stringify({
      postgresUrl: postgres.url,
      kafkaBrokers: kafka.brokers,
      mongoUrl: mongo.url,
      redisUrl: redis.url,
    }),
    CI: '1',
  }
  const ports: Record<string, number> = {
    5001: writerHttp,
    5002: writerGrpc,
    5003: readerGrpc,
    5004: readerHttp,
  }
  const start = async (name: ServiceOptions['name'], chosen: ServiceOptions['ports']) =>
    scope.use(await startService({ name, dir, root: copy, env, ports: chosen }))
  return {
    env,
    /** The command with the ports of this system. */
    here: (command: string) =>
      command.replaceAll(/(?<=127\.0\.0\.1:)\d+/g, (port) => String(ports[port] ?? `no-${port}`)),
    startServices: () =>
      Promise.all([
        start('writer', { http: writerHttp, grpc: writerGrpc, admin: writerAdmin }),
        start('reader', { http: readerHttp, grpc: readerGrpc, admin: readerAdmin }),
      ]),
  }
}

/** Returns the paths of the files. */
async function copyRepository(copy: string): Promise<Set<string>> {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  const files = new Set(listed.trim().split('\n'))
  for (const file of files) {
    await cp(join(root, file), join(copy, file)).catch((error: NodeJS.ErrnoException) => {
      // Listed, and deleted in the working tree.
      if (error.code !== 'ENOENT') throw error
    })
  }
  return files
}

function bashIn(cwd: string, env: Record<string, string>) {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return async (script: string): Promise<string> => {
    try {
      const { stdout } = await promisify(execFile)('bash', ['-euc', script], options)
      return stdout
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`${script}\n${stdout.slice(-4_000)}\n${stderr.slice(-4_000)}`, { cause: error })
    }
  }
}

/** Adds the lines that `pnpm create_aggregate` has printed. */
async function addLines(copy: string, output: string): Promise<void> {
  for (const [path, lines] of linesToAdd(output)) {
    const list = join(copy, path)
    await writeFile(list, withLines(await readFile(list, 'utf8'), lines))
  }
}

/** Here the servers are those of the test, which also starts the services: `make up` only creates what is stored. */
const makeHere = `make() {
  case $1 in
    down) ;;
    up)
      node migrations/src/postgres.ts up
      node migrations/src/topics.ts
      node migrations/src/mongo.ts
      ;;
    *) return 1 ;;
  esac
}
`
