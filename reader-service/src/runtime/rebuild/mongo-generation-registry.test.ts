import { openMongo } from '@lockstep/core/mongo/client.ts'
import { expect, test } from 'vitest'
import { mongoGenerationRegistry } from './mongo-generation-registry.ts'

test('while MongoDB cannot be reached, the registry is unavailable: operators see no unexpected error', async () => {
  // Nothing listens there.
  await using mongo = openMongo({ url: 'mongodb://127.0.0.1:1/none', appName: 'test' })
  const registry = mongoGenerationRegistry(mongo.db, 'note')
  const results = await Promise.allSettled([registry.read(), registry.activate(0)])
  expect(results).toMatchObject([{ reason: { kind: 'unavailable' } }, { reason: { kind: 'unavailable' } }])
})
