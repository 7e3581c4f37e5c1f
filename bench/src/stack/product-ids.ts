import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inParallel } from '@lockstep/e2e/demo/in-parallel.ts'
import { keepAlive } from '../load/keep-alive.ts'
import type { Bench } from '../case.ts'
import { portsOf } from './bench-stack.ts'

/** Creates products and waits until they are projected. */
export async function newProducts(bench: Bench, count: number): Promise<string[]> {
  using writer = keepAlive(`http://127.0.0.1:${portsOf(bench.stack.settings, 'writer').http}`)
  const product = {
    name: 'Blue enamel teapot',
    description: 'Holds 1.2 l; dishwasher safe.',
    category: 'kitchen',
    priceCents: 3490,
  }
  const ids: string[] = []
  await inParallel(Array.from({ length: count }), 64, async () => {
    const { status, body } = await writer.send('POST', '/api/v1/products', product)
    if (status !== 201) throw new Error(`the writer responded ${status}: ${body}`)
    ids.push((JSON.parse(body) as { id: string }).id)
  })
  await bench.pipeline.projected()
  return ids
}

/** A file for wrk with one id per line, in the folder of the stack. */
export async function idFile({ stack }: Bench, name: string, ids: readonly string[]): Promise<string> {
  const file = join(stack.settings.LOCAL_DIR, `${name}-ids`)
  await writeFile(file, ids.map((id) => `${id}\n`).join(''))
  return file
}
