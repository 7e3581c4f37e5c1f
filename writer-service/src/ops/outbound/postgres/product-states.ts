import { decodeProductEvent } from '@lockstep/contracts/product-event-codec.ts'
import { sql } from '@lockstep/core/postgres/sql.ts'
import type { Pool } from 'pg'
import type { AuditedProduct, ProductStates } from '../../app/ports.ts'
import { firstId, lastId } from './id-range.ts'
import { rowsOf } from './rows-of.ts'

const listProductStates = sql(import.meta.url, './list-product-states.sql')
const findProductStates = sql(import.meta.url, './find-product-states.sql')

type StateRow = {
  id: string
  version: number
  name: string
  description: string
  category: string
  price_cents: number
  created_at: Date
  updated_at: Date
  deleted: boolean
  event_version: number | null
  payload: Buffer | null
}

export function postgresProductStates(pool: Pick<Pool, 'query'>): ProductStates {
  return {
    async list({ afterId, upToId, limit }) {
      const values = [afterId ?? firstId, upToId ?? lastId, afterId !== undefined, limit]
      return (await rowsOf<StateRow>(pool, listProductStates, values)).map(auditedProduct)
    },
    async find(ids) {
      return (await rowsOf<StateRow>(pool, findProductStates, [ids])).map(auditedProduct)
    },
  }
}

function auditedProduct(row: StateRow): AuditedProduct {
  const { id, version, name, description, category, deleted } = row
  return {
    state: {
      id,
      version,
      details: { name, description, category, priceCents: row.price_cents },
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      deleted,
    },
    faults: faultsAgainstEvent(row),
  }
}

/** In what the row differs from what its last event says; both were written by one statement. */
function faultsAgainstEvent(row: StateRow): string[] {
  if (row.payload === null) return ['it has no event']
  const { productId, version, occurredAt, createdAt, change } = decodeProductEvent(row.payload)
  const details =
    change?.$case === 'created'
      ? change.created.details
      : change?.$case === 'updated'
        ? change.updated.details
        : undefined
  const pairs: [string, unknown, unknown][] = [
    ['version', row.version, row.event_version],
    ['version in the payload', row.version, version],
    ['id', row.id, productId],
    ['deleted', row.deleted, change?.$case === 'deleted'],
    ['created_at', row.created_at.getTime(), createdAt?.getTime()],
    ['updated_at', row.updated_at.getTime(), occurredAt?.getTime()],
  ]
  if (details && !row.deleted) {
    pairs.push(
      ['name', row.name, details.name],
      ['description', row.description, details.description],
      ['category', row.category, details.category],
      ['price_cents', row.price_cents, details.priceCents],
    )
  }
  return pairs.flatMap(([what, held, told]) => (held === told ? [] : [what]))
}
