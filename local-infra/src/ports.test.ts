import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePort, freePorts, isFree } from './ports.ts'
import { portHolder } from './processes.ts'

test('free ports are free, all different, and outside the range for outgoing connections', async () => {
  const ports = await freePorts(20)
  expect(new Set(ports).size).toBe(20)
  expect(Math.max(...ports)).toBeLessThan(32_768)
})

test('the process that uses a port is named', async () => {
  const port = await freePort()
  expect(portHolder(port)).toBeUndefined()
  await using server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  expect(await isFree(port)).toBe(false)
  expect(portHolder(port)).toBe(`node (pid ${process.pid})`)
})
