import { readSettings } from '@lockstep/core/config/settings.ts'
import { kafkaClientSettings } from '@lockstep/core/kafka/client/settings.ts'
import { ensureTopics } from '@lockstep/core/kafka/admin/topics.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { topicSpecs } from '@lockstep/contracts/topic-specs.ts'
import { projectionGroup } from '@lockstep/contracts/topics.ts'
import { readModels } from '@lockstep/reader-service/read-models.ts'
import { aggregates } from '@lockstep/writer-service/aggregates.ts'
import { runMain } from './run-main.ts'
import { topicSettings } from './topic-settings.ts'

const specs = topicSpecs({
  aggregates: aggregates.map(({ type }) => type),
  groups: readModels.map(({ name }) => projectionGroup(name)),
})

/** `make topics`: creates missing topics, compares the others with their specs, and prints the results. */
async function main(): Promise<void> {
  const settings = readSettings(topicSettings, process.env)
  const kafka = kafkaClientSettings(settings, 'lockstep-topics')
  const log = createLog({ service: 'topics', level: 'error' })
  const results = await ensureTopics(kafka, log, specs, settings.KAFKA_REPLICATION_FACTOR)
  for (const { topic, outcome, notes } of results) {
    console.log(`${outcome.padEnd(10)} ${topic}`)
    for (const note of notes) console.log(`           ${note}`)
  }
}

await runMain('Failed to set up the topics', main)
