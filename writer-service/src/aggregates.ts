import { productAggregate } from './product/commands.ts'
import type { Aggregate } from './runtime/aggregate.ts'
import { stockAggregate } from './stock/commands.ts'

/** The aggregates of this writer. */
export const aggregates: readonly Aggregate[] = [
  productAggregate,
  stockAggregate,
  // The next one: docs/add-your-own-aggregate.md
]
