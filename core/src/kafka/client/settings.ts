import { readFileSync } from 'node:fs'
import type { kafkaSettings } from '../../config/setting-groups.ts'
import type { SettingValues } from '../../config/settings.ts'
import type { KafkaSettings } from './client.ts'

/**
 * Converts the KAFKA_* settings for the client.
 *
 * @throws if KAFKA_TLS_CA_FILE cannot be read
 */
export function kafkaClientSettings(
  values: SettingValues<typeof kafkaSettings>,
  clientId: string,
): KafkaSettings {
  const caFile = values.KAFKA_TLS_CA_FILE
  const mechanism = values.KAFKA_SASL_MECHANISM
  return {
    brokers: values.KAFKA_BROKERS,
    clientId,
    tls: values.KAFKA_TLS && (caFile === '' ? true : { ca: readFileSync(caFile) }),
    ...(mechanism === 'none'
      ? {}
      : {
          sasl: {
            mechanism,
            username: values.KAFKA_SASL_USERNAME,
            password: values.KAFKA_SASL_PASSWORD,
          },
        }),
  }
}
