import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, ITopicConfig } from 'kafkajs'

const readyWithinMs = 15_000

/**
 * Creates topics and waits until the brokers know a leader for every partition. kafkajs's own wait (`waitForLeaders`)
 * fails if the broker that it asks does not know the topic yet, which is normal for some milliseconds.
 *
 * @throws if the controller refuses, or a topic has no leaders after 15 s
 */
export async function createTopics(admin: Admin, topics: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics, waitForLeaders: false })
  const names = topics.map(({ topic }) => topic)
  const deadline = Date.now() + readyWithinMs
  for (;;) {
    const waiting = await namesWithoutLeader(admin, names)
    if (waiting.length === 0) return
    if (Date.now() > deadline) throw new Error(`no leader after ${readyWithinMs} ms: ${waiting.join(', ')}`)
    await sleep(50)
  }
}

async function namesWithoutLeader(admin: Admin, names: string[]): Promise<string[]> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    const led = topics.filter(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
    return names.filter((name) => !led.some((topic) => topic.name === name))
  } catch {
    return names // not yet known to this broker, or still without a leader
  }
}
