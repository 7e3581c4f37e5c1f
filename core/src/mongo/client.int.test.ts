import { delayedProxy } from '@lockstep/testkit/delayed-proxy.ts'
import { expect, inject, test } from 'vitest'
import { openMongo } from './client.ts'

test('a client that is created before its server is reachable connects once the server is reachable', async () => {
  await using proxy = await delayedProxy(inject('mongoUrl'))
  await using mongo = openMongo({ url: proxy.url, appName: 'test' })
  await expect(mongo.db.collection('any').findOne({})).rejects.toThrow('ECONNREFUSED')

  await proxy.start()
  const ping = () => mongo.ping().then(() => 'connected', String)
  await expect.poll(ping).toBe('connected')
})
