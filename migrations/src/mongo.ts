import { mongoSettings } from '@lockstep/core/config/setting-groups.ts'
import { readSettings } from '@lockstep/core/config/settings.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { readModels } from '@lockstep/reader-service/read-models.ts'
import { ensureIndexes } from './mongo-indexes.ts'
import { runMain } from './run-main.ts'

/** `make mongo`: creates the missing indexes of the read models and prints what it did. */
async function main(): Promise<void> {
  const settings = readSettings(mongoSettings, process.env)
  await using mongo = openMongo({ url: settings.MONGO_URL, appName: 'lockstep-mongo-setup' })
  for (const { outcome, collection, index } of await ensureIndexes(mongo.db, readModels)) {
    console.log(`${outcome.padEnd(10)} ${collection}.${index}`)
  }
}

await runMain('Failed to set up MongoDB', main)
