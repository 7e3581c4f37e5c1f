import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Metadata, Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js'
import {
  ReadModelsService,
  type GenerationStatus,
} from '@lockstep/contracts/gen/lockstep/ops/v1/read_model.ts'
import { writeArchive } from '@lockstep/core/archive/archive.ts'
import { expect, test } from 'vitest'
import { run } from '../run.ts'

type Request = { readModel?: string; data: Buffer }

const generation: GenerationStatus = {
  readModel: 'product',
  generation: 3,
  phase: 'ready',
  active: true,
  copied: 2,
  total: 2,
  lag: 0,
  startedAt: undefined,
}

async function* lines() {
  yield* await Promise.resolve(['{"a":1}', '{"b":2}'])
}

const header = { content: 'read model', readModel: 'product', createdAt: '2026-03-14T09:26:53.589Z' }
const archive = async () => Buffer.concat(await Array.fromAsync(writeArchive(header, lines())))

/** A server on the loopback that sends these bytes, with an error at the end if it fails, and keeps what it receives. */
async function fakeReader(bytes: Buffer, { fails = false } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-cli-'))
  const received: Request[] = []
  const gone = Object.assign(new Error('the store is gone'), {
    code: status.UNAVAILABLE,
    details: 'the store is gone',
    metadata: new Metadata(),
  })
  const server = new Server()
  server.addService(ReadModelsService, {
    saveSnapshot(call: {
      write(message: object): void
      end(): void
      emit(event: 'error', error: Error): void
    }) {
      call.write({ data: bytes.subarray(0, 100) })
      call.write({ data: bytes.subarray(100) })
      if (fails) call.emit('error', gone)
      else call.end()
    },
    restoreSnapshot(call: ServerDuplexStream<Request, object>) {
      if (fails) {
        call.emit('error', gone)
        return
      }
      call.on('data', (request: Request) => received.push(request))
      call.on('end', () => {
        call.write({ generation })
        call.end()
      })
    },
  })
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  )
  return {
    folder,
    file: join(folder, 'product.snapshot'),
    received,
    async lockstep(...argv: string[]) {
      const printed = { out: '', err: '' }
      const code = await run(['--reader', `127.0.0.1:${port}`, ...argv], {
        env: {},
        stdout: { write: (text: string) => (printed.out += text) },
        stderr: { write: (text: string) => Boolean((printed.err += text)) },
      })
      return { code, ...printed }
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
      await rm(folder, { recursive: true })
    },
  }
}

test('a snapshot that is complete has its name, and can be verified without a service', async () => {
  const bytes = await archive()
  await using reader = await fakeReader(bytes)
  const { code, out } = await reader.lockstep('snapshot', 'save', reader.file)
  expect({ code, out }).toEqual({ code: 0, out: `saved 2 documents, ${bytes.length} bytes\n` })
  expect(await readFile(reader.file)).toEqual(bytes)
  const verified = await reader.lockstep('snapshot', 'verify', reader.file)
  expect(verified.out).toContain('read model product, saved at 2026-03-14T09:26:53.589Z: 2 entries')
})

test.each<[string, (bytes: Buffer) => Buffer, boolean, string]>([
  ['the stream ends with an error', (bytes) => bytes, true, 'the store is gone'],
  ['the bytes are not complete', (bytes) => bytes.subarray(0, -1), false, 'truncated or was altered'],
])('if %s, a save leaves no file, and an earlier file is unchanged', async (_, change, fails, message) => {
  await using reader = await fakeReader(change(await archive()), { fails })
  const first = await reader.lockstep('snapshot', 'save', reader.file)
  expect(first.code).toBe(1)
  expect(first.err).toContain(message)
  expect(await readdir(reader.folder)).toEqual([])
  await writeFile(reader.file, 'earlier')
  expect(await reader.lockstep('snapshot', 'save', reader.file)).toMatchObject({ code: 1 })
  expect(await readFile(reader.file, 'utf8')).toBe('earlier')
})

test('a restore sends the file, and names the read model in the first message', async () => {
  const bytes = await archive()
  await using reader = await fakeReader(bytes)
  await writeFile(reader.file, bytes)
  const { code, out } = await reader.lockstep('snapshot', 'restore', reader.file, '--read-model', 'product')
  expect({ code, out }).toMatchObject({ code: 0 })
  expect(out).toContain('queries of product use generation 3')
  expect(Buffer.concat(reader.received.map(({ data }) => data))).toEqual(bytes)
  expect(reader.received[0]?.readModel).toBe('product')
})

test('a restore that the service refuses is a problem; a damaged file is not even sent', async () => {
  await using reader = await fakeReader(Buffer.alloc(0), { fails: true })
  await writeFile(reader.file, await archive())
  const refused = await reader.lockstep('snapshot', 'restore', reader.file)
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.err).toContain('the store is gone')
  await writeFile(reader.file, (await archive()).subarray(0, -1))
  const damaged = await reader.lockstep('snapshot', 'restore', reader.file)
  expect(damaged).toMatchObject({ code: 1 })
  expect(damaged.err).toContain('truncated or was altered')
  expect(await reader.lockstep('snapshot', 'verify', join(reader.folder, 'none'))).toMatchObject({ code: 1 })
})
