import { connect } from 'node:net'
import { contractDescriptors } from '@lockstep/contracts/descriptors.ts'
import { hasIpv6 } from '@lockstep/testkit/ipv6.ts'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { listenHost } from '../config/address-kinds.ts'
import { reachableHost } from '../config/address.ts'
import { serveHttp } from '../http/server.ts'
import { serveGrpc } from './server.ts'

const setting = listenHost('127.0.0.1', '')

const ipv4 = ['127.0.0.1', '0.0.0.0', 'localhost']
const ipv6 = ['::', '[::]', '::1', '[::1]']

test.each([...ipv4, ...(hasIpv6 ? ipv6 : [])])('HTTP and gRPC both listen on the host %s', async (text) => {
  const common = { host: setting.parse(text), port: 0, draining: new AbortController().signal }
  await using http = await serveHttp({ app: new Hono().get('/', (c) => c.text('here')), ...common })
  const tls = { certFile: '', keyFile: '', clientCaFile: '' }
  await using grpc = await serveGrpc({ ...common, tls, services: [], descriptors: contractDescriptors })
  for (const { port } of [http, grpc]) {
    const socket = connect(port, reachableHost(common.host))
    await expect(
      new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject)),
    ).resolves.toBe(undefined)
    socket.destroy()
  }
})
