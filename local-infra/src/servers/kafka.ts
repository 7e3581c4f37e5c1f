import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaJars } from '../artefacts.ts'
import { type Server, runServer } from '../server.ts'
import { coordinatorAnswers } from './kafka-readiness.ts'
import { makeData } from './setup-dir.ts'

export type KafkaServer = Server & {
  brokers: string[]
  /** One for each extra listener: the address that it advertises to its clients. */
  proxiedBrokers: string[]
}

export type KafkaOptions = {
  dir: string
  port: number
  controllerPort: number
  /** Listeners that advertise another port, on which a proxy forwards to `port`. */
  extraListeners?: { port: number; advertisedPort: number }[]
}

export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const { port, controllerPort, extraListeners = [] } = options
  const home = join(options.dir, 'kafka')
  const jars = await kafkaJars()
  const properties = join(home, 'server.properties')
  await mkdir(home, { recursive: true })
  if (!existsSync(join(home, 'data'))) {
    await makeData(home, (draft, cwd) => format(jars, options, draft, cwd))
  }
  await writeFile(properties, render(join(home, 'data'), options))
  const server = await runServer({
    name: 'kafka',
    dir: home,
    // Only warnings and errors: at the default level, a broker logs a line for each of its steps.
    command: [
      'java',
      '-Xms256m',
      '-Xmx512m',
      '-Dlog4j2.level=WARN',
      ...classPath(jars),
      'kafka.Kafka',
      properties,
    ],
    ports: [port, controllerPort, ...extraListeners.map((listener) => listener.port)],
    ready: () => coordinatorAnswers(port),
  })
  return Object.assign(server, {
    brokers: [`127.0.0.1:${port}`],
    proxiedBrokers: extraListeners.map((listener) => `127.0.0.1:${listener.advertisedPort}`),
  })
}

/** A single node that is its own controller. Its internal topics have one replica. */
function render(data: string, { port, controllerPort, extraListeners = [] }: KafkaOptions): string {
  const extra = extraListeners.map((listener, index) => ({ ...listener, name: `EXTRA${index}` }))
  const addresses = (pick: (listener: (typeof extra)[number]) => number) =>
    extra.map((listener) => `,${listener.name}://127.0.0.1:${pick(listener)}`).join('')
  const settings = {
    'node.id': 1,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners:
      `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}` +
      addresses((listener) => listener.port),
    'advertised.listeners':
      `PLAINTEXT://127.0.0.1:${port}` + addresses((listener) => listener.advertisedPort),
    'listener.security.protocol.map': ['PLAINTEXT', 'CONTROLLER', ...extra.map(({ name }) => name)]
      .map((name) => `${name}:PLAINTEXT`)
      .join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // A killed broker can register again only after its last session has expired; the default is 9 s.
    'broker.session.timeout.ms': 4000,
    'broker.heartbeat.interval.ms': 500,
    'group.initial.rebalance.delay.ms': 0,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function format(jars: string, options: KafkaOptions, draft: string, cwd: string): Promise<void> {
  const properties = join(cwd, 'format.properties')
  await writeFile(properties, render(draft, options))
  const parameters = ['format', '--cluster-id', 'bG9ja3N0ZXAtbG9jYWwtMQ', '--config', properties]
  const quick = ['-XX:TieredStopAtLevel=1', '-Dlog4j2.level=ERROR']
  const command = [...quick, ...classPath(jars), 'kafka.tools.StorageTool', ...parameters]
  await promisify(execFile)('java', command, { cwd })
}

function classPath(jars: string): string[] {
  return ['-cp', join(jars, '*')]
}
