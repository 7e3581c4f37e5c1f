import { readSettings } from '@lockstep/core/config/settings.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/client/settings.ts'
import { ensureTopics } from '@lockstep/core/kafka/admin/topics.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { topicSpecs } from '@lockstep/contracts/topic-specs.ts'
import { topicSettings } from './topic-settings.ts'

/** `make topics`: makes the topics that are missing, compares the others with their specs and says what it did. */
async function main(): Promise<void> {
  const settings = readSettings(topicSettings, process.env)
  const kafka = kafkaClientSettings(settings, 'lockstep-topics')
  const log = createLog({ service: 'topics', level: 'error' })
  const results = await ensureTopics(kafka, log, topicSpecs, settings.KAFKA_REPLICATION_FACTOR)
  for (const { topic, outcome, notes } of results) {
    console.log(`${outcome.padEnd(10)} ${topic}`)
    for (const note of notes) console.log(`           ${note}`)
  }
}

try {
  await main()
} catch (error) {
  console.error(`The topics could not be set up: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
