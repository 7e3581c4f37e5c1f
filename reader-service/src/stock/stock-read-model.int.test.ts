import { readModelSuite } from '../runtime/testing/read-model-suite.ts'
import { stockReadModel, type Stock } from './stock-read-model.ts'

const stockAt = (id: string, version: number, changed: Partial<Stock> = {}): Stock => ({
  id,
  version,
  deleted: false,
  onHand: 100 + version,
  reserved: 40,
  updatedAt: new Date('2026-03-15T10:00:00.123Z'),
  ...changed,
})

readModelSuite(stockReadModel, {
  state: stockAt,
  listed: { listStock: (id, version, key) => stockAt(id, version, { onHand: key, reserved: 0 }) },
})
