import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { freePort, freePorts, isFree } from './ports.ts'
import { portHolder } from './processes.ts'

test('free ports are free, all different, and outside the range for outgoing connections', async () => {
  const ports = (await Promise.all([freePorts(10), freePorts(10)])).flat()
  expect(new Set(ports).size).toBe(20)
  expect(Math.max(...ports)).toBeLessThan(32_768)
})

test('processes that run at the same time get different ports, before a server uses them', async () => {
  const here = await freePorts(150)
  const program = `
    import { freePorts } from '${join(import.meta.dirname, 'ports.ts')}'
    console.log(JSON.stringify(await freePorts(150)))
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  const there = JSON.parse(stdout) as number[]
  expect(new Set([...here, ...there]).size).toBe(300)
})

test('the process that uses a port is named', async () => {
  const port = await freePort()
  expect(portHolder(port)).toBeUndefined()
  await using server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  expect(await isFree(port)).toBe(false)
  expect(portHolder(port)).toBe(`node (pid ${process.pid})`)
})
