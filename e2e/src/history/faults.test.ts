import { describe, expect, test } from 'vitest'
import type { Attempt, Outcome } from '../clients/send-command.ts'
import { faultsOfAnswers, faultsOfModel, faultsOfStore, faultsOfTopic, type Event } from './faults.ts'

const id = 'p'
const event = (version: number, change: Event['change'] = version === 1 ? 'created' : 'updated'): Event => ({
  id,
  version,
  eventId: `e${version}`,
  payload: Buffer.from([version]),
  change,
  mark: change === 'deleted' ? undefined : `m${version}`,
})
const attempt = (type: Attempt['type'], mark: string, outcome: Outcome): Attempt => ({
  type,
  id,
  mark,
  outcome,
  writer: 'w',
  protocol: 'http',
  ms: 1,
})
const done = (version: number): Outcome => ({ type: 'acknowledged', version })
const record = (version: number) => ({ id, version, payload: Buffer.from([version]) })

const events = [event(1), event(2), event(3, 'deleted')]
const history = new Map([[id, events]])
const attempts = [
  attempt('create', 'm1', done(1)),
  attempt('update', 'm2', { type: 'unknown', code: 'outcome_unknown' }),
  attempt('update', 'never', { type: 'nothing_done', code: 'unavailable' }),
  attempt('delete', 'd', done(3)),
]

test('a true history has no fault, repeats in the topic included', () => {
  expect(faultsOfStore(history)).toEqual([])
  expect(faultsOfAnswers(attempts, history)).toEqual([])
  expect(faultsOfTopic([1, 2, 1, 2, 3, 2].map(record), history)).toEqual([])
  expect(faultsOfModel([{ id, version: 3, deleted: true, name: undefined }], history)).toEqual([])
})

describe('a fault is found', () => {
  test('in the store: a hole, two creations, life after a deletion', () => {
    expect(faultsOfStore(new Map([[id, [event(1), event(3)]]]))).toHaveLength(1)
    expect(faultsOfStore(new Map([[id, [event(1), event(2, 'created')]]]))).toHaveLength(1)
    expect(faultsOfStore(new Map([[id, [event(1), event(2, 'deleted'), event(3)]]]))).toHaveLength(1)
  })

  test('in the answers: lost, done although refused, done twice, done by nobody', () => {
    const lost = [...attempts, attempt('update', 'm4', done(4))]
    expect(faultsOfAnswers(lost, history)).toEqual([expect.stringContaining('acknowledged as version 4')])
    const refused = attempts.with(1, attempt('update', 'm2', { type: 'nothing_done', code: 'unavailable' }))
    expect(faultsOfAnswers(refused, history)).toEqual([expect.stringContaining('refused with unavailable')])
    const twice = new Map([[id, [event(1), event(2), { ...event(3), mark: 'm2' }]]])
    expect(faultsOfAnswers(attempts.slice(0, 3), twice)).toEqual([expect.stringContaining('2 times')])
    expect(faultsOfAnswers(attempts.toSpliced(1, 1), history)).toEqual([expect.stringContaining('nobody')])
  })

  test('in the topic: a later version first, other bytes, the end missing', () => {
    expect(faultsOfTopic([1, 3, 2].map(record), history)).toEqual([
      expect.stringContaining('3 follows version 1'),
    ])
    const other = [record(1), { ...record(2), payload: Buffer.from('x') }, record(3)]
    expect(faultsOfTopic(other, history)).toEqual([expect.stringContaining('not the stored one')])
    expect(faultsOfTopic([record(1)], history)).toEqual([expect.stringContaining('the last 2 versions')])
  })

  test('in the model: absent, behind, alive although deleted', () => {
    expect(faultsOfModel([], history)).toHaveLength(1)
    expect(faultsOfModel([{ id, version: 2, deleted: false, name: 'm2' }], history)).toHaveLength(1)
    expect(faultsOfModel([{ id, version: 3, deleted: false, name: 'm2' }], history)).toHaveLength(1)
  })
})
