import { mongoSettings } from '@lockstep/core/config/sections.ts'
import { readSettings } from '@lockstep/core/config/settings.ts'
import { openMongo } from '@lockstep/core/mongo/client.ts'
import { ensureIndexes } from './mongo-indexes.ts'

/** `make mongo`: makes the indexes of the read model that are missing, and says what it did. */
async function main(): Promise<void> {
  const settings = readSettings(mongoSettings, process.env)
  await using mongo = openMongo({ url: settings.MONGO_URL, appName: 'lockstep-mongo-setup' })
  for (const { outcome, collection, index } of await ensureIndexes(mongo.db)) {
    console.log(`${outcome.padEnd(10)} ${collection}.${index.name}: ${index.purpose}`)
  }
}

try {
  await main()
} catch (error) {
  console.error(`MongoDB could not be set up: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
