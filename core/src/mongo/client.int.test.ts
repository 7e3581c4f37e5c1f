import { once } from 'node:events'
import net from 'node:net'
import { freePort } from '@lockstep/local-infra/ports.ts'
import { expect, inject, test } from 'vitest'
import { openMongo } from './client.ts'

test('a server that was away when it was first asked is found once it is there', async () => {
  const target = new URL(inject('mongoUrl'))
  const port = await freePort()
  await using mongo = openMongo({
    url: Object.assign(new URL(target), { port: String(port) }).href,
    appName: 'test',
  })
  await expect(mongo.db.collection('any').findOne({})).rejects.toThrow('ECONNREFUSED')

  const way = net.createServer((client) => {
    const server = net.connect(Number(target.port), target.hostname)
    for (const socket of [client, server]) socket.on('error', () => {})
    client.pipe(server).pipe(client)
  })
  way.listen(port, '127.0.0.1')
  await once(way, 'listening')
  const answer = () => mongo.ping().then(() => 'answers', String)
  await expect.poll(answer).toBe('answers')
  way.close()
})
