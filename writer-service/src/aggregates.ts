import { productAggregate } from './product/commands.ts'
import type { Aggregate } from './runtime/aggregate.ts'

/** The aggregates of this writer. */
export const aggregates: readonly Aggregate[] = [productAggregate]
