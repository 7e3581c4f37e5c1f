import type { Case } from '../case.ts'
import { createLatency } from './create-latency.ts'
import { create, createAlone } from './create.ts'
import { footprint } from './footprint.ts'
import { fresh } from './fresh.ts'
import { get } from './get.ts'
import { grpcCommands, grpcQueries } from './grpc.ts'
import { kinds } from './kinds.ts'
import { patch } from './patch.ts'
import { projection } from './projection.ts'
import { readable } from './readable.ts'
import { sizes } from './sizes.ts'
import { stock } from './stock.ts'
import { tracing } from './tracing.ts'

/**
 * In the order in which they run. The memory at rest comes first; then the projection, before others fill the topic that
 * it reads from the start; what restarts the services comes last.
 */
export const cases: readonly Case[] = [
  footprint,
  projection,
  kinds,
  create,
  createLatency,
  readable,
  get,
  patch,
  stock,
  grpcCommands,
  grpcQueries,
  createAlone,
  tracing,
  fresh,
  sizes,
]
