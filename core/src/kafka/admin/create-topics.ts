import { setTimeout as delay } from 'node:timers/promises'
import type { Admin, ITopicConfig } from 'kafkajs'

const readyWithinMs = 15_000

/**
 * Makes topics and waits until the brokers know a leader for every partition. kafkajs's own wait (`waitForLeaders`)
 * gives up when the broker that it asks has not heard of the topic yet, which is usual for some milliseconds.
 *
 * @throws when the controller refuses, or a topic has no leaders after 15 s
 */
export async function createTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false })
  const names = topics.map(({ topic }) => topic)
  const deadline = Date.now() + readyWithinMs
  for (;;) {
    const waiting = await namesWithoutLeader(admin, names)
    if (waiting.length === 0) return
    if (Date.now() > deadline) throw new Error(`no leader after ${readyWithinMs} ms: ${waiting.join(', ')}`)
    await delay(50)
  }
}

async function namesWithoutLeader(admin: Admin, names: string[]): Promise<string[]> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    const led = topics.filter(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
    return names.filter((name) => !led.some((topic) => topic.name === name))
  } catch {
    return names // unknown to this broker, or without a leader so far
  }
}
