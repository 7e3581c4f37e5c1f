import { openArchive, writeArchive } from '@lockstep/core/archive/archive.ts'
import { contractHeader } from '@lockstep/core/archive/contract.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { expect, inject, test } from 'vitest'
import { generationNames } from '../rebuild/generations.ts'
import { rebuildFixture, type RebuildFixture } from '../rebuild/testing/rebuild-fixture.ts'
import { noteAt } from '../testing/notes.ts'
import { mongoSnapshotDocuments } from './mongo-snapshot-documents.ts'
import { restoreSnapshot, type RestorePorts } from './restore-snapshot.ts'
import { saveSnapshot } from './save-snapshot.ts'

/* Snapshots of the read model `note` with a real registry and real collections; Kafka and the writer are fakes. */

const log = createLog({ service: 'test', level: 'silent' })

async function snapshotFixture(notes = 12, fields: readonly string[] = ['note.v1.Note.text#1:9']) {
  const fixture = await rebuildFixture(inject('mongoUrl'), notes)
  const states = fixture.states.flatMap(({ state }) => state ?? [])
  await fixture.storeOf(0).apply(states)
  fixture.kafka.committed = 7
  const ports: RestorePorts = {
    readModel: 'note',
    registry: fixture.registry,
    groups: fixture.groups,
    documentsOf: (number) =>
      mongoSnapshotDocuments(
        fixture.db,
        generationNames('note', number).collection,
        fixture.storeOf(number).collections,
      ),
    contract: () => fields,
    prepare: (number) => fixture.storeOf(number).prepare(),
    operations: fixture.operations,
    log,
  }
  const { phases } = fixture
  return {
    ...fixture,
    ports,
    rebuildPorts: fixture.ports,
    states,
    save: async () => Buffer.concat(await Array.fromAsync(saveSnapshot(ports)())),
    /** Restores while replicas work, until it ends. */
    async restore(bytes: AsyncIterable<Buffer>, changed: Partial<RestorePorts> = {}) {
      const restoring = openArchive(bytes).then((archive) =>
        restoreSnapshot({ ...ports, ...changed })(archive, async () => {}),
      )
      let ended = false
      const end = restoring.then(
        () => (ended = true),
        () => (ended = true),
      )
      const working = (async () => {
        while (!ended) await fixture.work().catch(() => {})
      })()
      await Promise.all([end, working])
      return restoring
    },
    /** The generations, when nothing is being dropped any more. */
    async settled() {
      while ((await phases()).some((phase) => phase !== 'ready')) await fixture.work()
      return fixture.registry.read()
    },
    async documents(number: number) {
      return (await fixture.collection(number).find().sort({ _id: 1 }).toArray()) as object[]
    },
  }
}

async function* chunks(bytes: Buffer, size = 100) {
  for (let from = 0; from < bytes.length; from += size)
    yield await Promise.resolve(bytes.subarray(from, from + size))
}

async function expectUntouched(
  fixture: Pick<RebuildFixture, 'registry'> & { settled: () => Promise<unknown> },
) {
  await fixture.settled()
  const { active, generations } = await fixture.registry.read()
  expect({ active, numbers: generations.map(({ number }) => number) }).toEqual({ active: 0, numbers: [0] })
}

test('a restored generation has the documents of the snapshot and becomes active after its audit', async () => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  await fixture.restore(chunks(bytes))
  expect((await fixture.registry.read()).active).toBe(1)
  expect(await fixture.documents(1)).toEqual(await fixture.documents(0))
  expect(fixture.steps).toContain('set offsets of 1 to 7')
})

test('the offsets are read before the documents: what changes during the scan is consumed again', async () => {
  await using fixture = await snapshotFixture()
  const [first, last] = [fixture.states[0]!, fixture.states.at(-1)!]
  const documents = fixture.ports.documentsOf(0)
  async function* scan() {
    // The projection applies two events and commits their offsets: one behind the scan, one before it.
    await fixture.storeOf(0).apply([noteAt(last.id, 3)])
    fixture.kafka.committed = 9
    yield* documents.scan()
  }
  const saving = saveSnapshot({ ...fixture.ports, documentsOf: () => ({ ...documents, scan }) })()
  const bytes = Buffer.concat(await Array.fromAsync(saving))
  await fixture.storeOf(0).apply([noteAt(first.id, 3)])
  const { header } = await openArchive(chunks(bytes))
  expect(header.offsets).toEqual({ topic: { 0: '7' } })
})

test.each<[string, (bytes: Buffer) => Buffer, string]>([
  ['truncated', (bytes) => bytes.subarray(0, -1), 'truncated or was altered'],
  ['without its trailer', (bytes) => bytes.subarray(0, -150), 'truncated or was altered'],
  ['altered', (bytes) => Buffer.from(bytes).fill(0, bytes.length - 300, bytes.length - 290), 'altered'],
])('a file that is %s never becomes active, and a repeat works', async (_, damage, message) => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  await expect(fixture.restore(chunks(damage(bytes)))).rejects.toThrow(message)
  await expectUntouched(fixture)
  expect(await fixture.documents(1)).toEqual([])
  await fixture.restore(chunks(bytes))
  expect((await fixture.registry.read()).active).toBe(2)
})

test.each<[string, (fixture: Awaited<ReturnType<typeof snapshotFixture>>) => Partial<RestorePorts>, string]>([
  [
    'the topic no longer has the events after it',
    ({ kafka }) => {
      kafka.gap = 'partition 0 of topic begins at offset 9, after 7'
      return {}
    },
    'partition 0 of topic begins at offset 9, after 7; run lockstep rebuild note instead',
  ],
  [
    'it is from another cluster',
    ({ kafka }) => {
      kafka.cluster = 'there'
      return {}
    },
    'from the Kafka cluster here',
  ],
  ['it is from a newer contract', () => ({ contract: () => ['old'] }), 'does not know note.v1.Note.text'],
  ['it is of another read model', () => ({ readModel: 'other' }), 'a snapshot of note, and not of other'],
])('a snapshot is refused before anything is built if %s', async (_, change, message) => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  const changed = change(fixture)
  await expect(fixture.restore(chunks(bytes), changed)).rejects.toThrow(message)
  await expectUntouched(fixture)
  expect(fixture.steps).toEqual([])
})

test('a snapshot of an older contract is not refused for it: the audit decides', async () => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  await fixture.restore(chunks(bytes), { contract: () => ['note.v1.Note.more#2:9', 'note.v1.Note.text#1:9'] })
  expect((await fixture.registry.read()).active).toBe(1)
})

test('a generation in which the audit finds a mismatch does not become active', async () => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  fixture.audited.problem = 'the audit found 1 mismatch'
  // So that the caller, who polls, can read the reason before the generation is dropped.
  fixture.rebuildPorts.readByAllMs = 2_000
  await expect(fixture.restore(chunks(bytes))).rejects.toThrow(
    'was not used: the audit found 1 mismatch; run lockstep rebuild note instead',
  )
  await expectUntouched(fixture)
})

test('a restore whose process died is dropped when its claim has expired, and a repeat waits for that', async () => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  // As a process that dies leaves it: some documents, and a claim that nothing keeps.
  await fixture.registry.begin(12, { offsets: {}, owner: 'dead', forMs: 300 })
  await fixture.ports
    .documentsOf(1)
    .load((await Array.fromAsync(fixture.ports.documentsOf(0).scan())).slice(0, 3))
  await fixture.restore(chunks(bytes))
  const { active, generations } = await fixture.registry.read()
  expect({ active, numbers: generations.map(({ number }) => number) }).toEqual({ active: 2, numbers: [0, 2] })
  expect(await fixture.documents(1)).toEqual([])
})

test('while a restore copies, other replicas leave it alone, and a rebuild does not follow it', async () => {
  await using fixture = await snapshotFixture()
  const bytes = await fixture.save()
  const arrived = Promise.withResolvers<void>()
  const rest = Promise.withResolvers<void>()
  async function* slow() {
    yield bytes.subarray(0, -1)
    arrived.resolve()
    await rest.promise
    yield bytes.subarray(-1)
  }
  const restoring = fixture.restore(slow())
  await arrived.promise
  await expect.poll(() => fixture.phases()).toContain('restoring')
  await fixture.work('other replica')
  await expect(fixture.operations.rebuild(async () => {})).rejects.toThrow('is being restored')
  expect(await fixture.phases()).toEqual(['ready', 'restoring'])
  rest.resolve()
  await restoring
  expect((await fixture.registry.read()).active).toBe(1)
})

test('a snapshot of a generation that is dropped during the scan is not complete', async () => {
  await using fixture = await snapshotFixture()
  await fixture.registry.begin(0)
  fixture.kafka.committed = 7
  for (let step = 0; step < 4; step++) await fixture.work()
  const documents = fixture.ports.documentsOf(1)
  async function* scan() {
    await fixture.registry.activate(0)
    await fixture.drain(1)
    yield* documents.scan()
  }
  const saving = saveSnapshot({ ...fixture.ports, documentsOf: () => ({ ...documents, scan }) })()
  await expect(Array.fromAsync(saving)).rejects.toThrow('was dropped meanwhile')
})

test('a file whose documents are of an unknown collection is refused', async () => {
  await using fixture = await snapshotFixture()
  async function* lines() {
    yield await Promise.resolve('{"in":".more","document":{"_id":"a"}}')
  }
  const header = {
    content: 'read model',
    readModel: 'note',
    createdAt: '',
    total: 1,
    cluster: 'here',
    offsets: {},
  }
  const contract = contractHeader(fixture.ports.contract())
  const bytes = Buffer.concat(await Array.fromAsync(writeArchive({ ...header, contract }, lines())))
  await expect(fixture.restore(chunks(bytes))).rejects.toThrow('documents of ".more"')
  await expectUntouched(fixture)
})
