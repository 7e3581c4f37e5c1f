import { integer } from '@lockstep/core/config/setting-kinds.ts'
import { kafkaSettings } from '@lockstep/core/config/setting-groups.ts'

/** The environment variables that the topic setup reads. */
export const topicSettings = {
  ...kafkaSettings,
  KAFKA_REPLICATION_FACTOR: integer(1, { min: 1, max: 9 }, 'Replicas of each topic that the setup creates'),
}
