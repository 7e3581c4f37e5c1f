import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'vitest'
import { freePort } from '@lockstep/local-infra/ports.ts'
import { portsOf } from '../system/services.ts'
import type { Stack } from '../system/stack.ts'
import { test } from '../system/stack-test.ts'

function demo(ports: Record<string, number>): Promise<{ code: number; output: string }> {
  const env = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]))
  return new Promise((resolve) => {
    const script = join(import.meta.dirname, 'main.ts')
    execFile(process.execPath, [script], { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })
    })
  })
}

function portsFor({ writers: [writer], reader }: Stack): Record<string, number> {
  const { http, admin } = portsOf(writer)
  return {
    WRITER_HTTP_PORT: http,
    WRITER_ADMIN_PORT: admin,
    READER_GRPC_PORT: portsOf(reader).grpc,
    READER_ADMIN_PORT: portsOf(reader).admin,
  }
}

test('the demo reads every product back as it sent it, in each run', async ({ stack }) => {
  for (const _ of ['once', 'twice']) {
    const { code, output } = await demo(portsFor(stack))
    expect(output).toContain('200 of 200 products are right; 60 of them were changed and 20 deleted')
    expect(output).toMatch(
      /Write to readable: median \d+\.\d ms, 99th percentile \d+\.\d ms\n {2}\(280 writes;/,
    )
    expect(output).toContain('Open next:')
    expect(code).toBe(0)
  }
})

test('the demo says so when the services do not run', async ({ stack }) => {
  const { code, output } = await demo({ ...portsFor(stack), READER_ADMIN_PORT: await freePort() })
  expect(output).toMatch(/^The reader does not respond .* Start everything with: make up\n$/)
  expect(code).toBe(1)
})
