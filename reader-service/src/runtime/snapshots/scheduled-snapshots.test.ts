import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeArchive } from '@lockstep/core/archive/archive.ts'
import { verifyArchive } from '@lockstep/core/archive/archive-file.ts'
import { createLog } from '@lockstep/core/log/log.ts'
import { expect, test } from 'vitest'
import type { SaveSnapshot } from './save-snapshot.ts'
import { startScheduledSnapshots } from './scheduled-snapshots.ts'

const log = createLog({ service: 'test', level: 'silent' })

async function folderOf() {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-snapshots-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

function source(fails = false) {
  const saves = { started: 0 }
  const save: SaveSnapshot = async function* () {
    saves.started++
    const lines = async function* () {
      yield await Promise.resolve('{}')
      if (fails) throw new Error('the store is gone')
    }
    yield* writeArchive({ readModel: 'note' }, lines())
  }
  return { saves, save }
}

test('snapshots are saved again when they are due, and only the newest are kept', async () => {
  await using place = await folderOf()
  const { folder } = place
  const { saves, save } = source()
  const others = ['note-history-20200101T000000000Z.snapshot.gz', 'readme.txt']
  for (const name of others) await writeFile(join(folder, name), '')
  {
    await using _ = startScheduledSnapshots({
      snapshots: new Map([['note', save]]),
      everyMs: 1,
      folder,
      kept: 2,
      log,
    })
    await expect.poll(() => saves.started).toBeGreaterThan(4)
  }
  const left = (await readdir(folder)).filter((name) => !others.includes(name) && !name.startsWith('.'))
  expect(left.length).toBeLessThanOrEqual(3)
  for (const name of left) expect(await verifyArchive(join(folder, name))).toMatchObject({ count: 1 })
  expect(await readdir(folder)).toEqual(expect.arrayContaining(others))
})

test('after a restart, a snapshot that is recent enough is not saved again', async () => {
  await using place = await folderOf()
  const { saves, save } = source()
  const options = {
    snapshots: new Map([['note', save]]),
    everyMs: 3_600_000,
    folder: place.folder,
    kept: 2,
    log,
  }
  {
    await using _ = startScheduledSnapshots(options)
    await expect
      .poll(async () => (await readdir(place.folder)).filter((name) => !name.startsWith('.')))
      .toHaveLength(1)
  }
  await startScheduledSnapshots(options)[Symbol.asyncDispose]()
  expect(saves.started).toBe(1)
})

test('a save that fails leaves no file, and a temporary file of a process that died is removed later', async () => {
  await using place = await folderOf()
  const { folder } = place
  const failing = source(true)
  {
    const snapshots = new Map([['note', failing.save]])
    await using _ = startScheduledSnapshots({ snapshots, everyMs: 1, folder, kept: 2, log })
    await expect.poll(() => failing.saves.started).toBeGreaterThan(1)
  }
  expect(await readdir(folder)).toEqual([])
  const abandoned = join(folder, '.note.1.partial')
  await writeFile(abandoned, '')
  await utimes(abandoned, new Date(0), new Date(0))
  const { save } = source()
  await using _ = startScheduledSnapshots({
    snapshots: new Map([['note', save]]),
    everyMs: 1,
    folder,
    kept: 2,
    log,
  })
  await expect.poll(() => readdir(folder)).not.toContain('.note.1.partial')
})
