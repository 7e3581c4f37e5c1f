import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Work } from '../measure/alternate.ts'
import { runProgram } from './run-program.ts'

export type GrpcLoad = {
  /** The origin: http://host:port */
  url: string
  /** `lockstep.product.v1.ProductCommands/CreateProduct` */
  method: string
  /** Encoded requests; each has the same share of the callers. */
  messages: readonly Uint8Array[]
  callers: number
  seconds: number
}

/** Callers over gRPC, 8 on each connection. h2load is written in C; it sends one body, so each message has a process. */
export async function grpcLoad({ url, method, messages, callers, seconds }: GrpcLoad): Promise<Work> {
  const dir = await mkdtemp(join(tmpdir(), 'lockstep-bench-'))
  try {
    const work = messages.map(async (message, index) => {
      const file = join(dir, String(index))
      await writeFile(file, grpcFrame(message))
      const share = callers / messages.length
      const connections = Math.max(1, share / 8)
      const headers = ['-H', 'content-type: application/grpc', '-H', 'te: trailers']
      const amount = ['-c', String(connections), '-m', String(share / connections), '-D', String(seconds)]
      return countOf(await runProgram('h2load', [...amount, '-d', file, ...headers, `${url}/${method}`]))
    })
    return { count: (await Promise.all(work)).reduce((sum, count) => sum + count, 0), seconds }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** Requests for each of these paths once, over HTTP/1.1. */
export async function eachOnce(origin: string, paths: readonly string[], callers: number): Promise<Work> {
  const dir = await mkdtemp(join(tmpdir(), 'lockstep-bench-'))
  try {
    const file = join(dir, 'paths')
    // Every client goes through the whole file from its start, so each gets a file of its own.
    const share = Math.ceil(paths.length / callers)
    const began = performance.now()
    const runs = Array.from({ length: callers }, async (_, caller) => {
      const own = paths.slice(caller * share, (caller + 1) * share)
      await writeFile(`${file}-${caller}`, own.map((path) => origin + path).join('\n'))
      const amount = ['--h1', '-c', '1', '-m', '1', '-n', String(own.length)]
      return countOf(await runProgram('h2load', [...amount, '-i', `${file}-${caller}`]))
    })
    const count = (await Promise.all(runs)).reduce((sum, each) => sum + each, 0)
    return { count, seconds: (performance.now() - began) / 1_000 }
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** A message that is not compressed, with its length. */
function grpcFrame(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

function countOf(output: string): number {
  const [, succeeded, failed, errored] =
    /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output)?.map(Number) ?? []
  if (succeeded === undefined) throw new Error(`h2load printed no result:\n${output}`)
  if (failed || errored) throw new Error(`${failed} requests failed, ${errored} got no response:\n${output}`)
  return succeeded
}
