import type { Case } from '../case.ts'
import { createLatency } from './create-latency.ts'
import { create, createAlone } from './create.ts'
import { footprint } from './footprint.ts'
import { fresh } from './fresh.ts'
import { get } from './get.ts'
import { grpcCommands, grpcQueries } from './grpc.ts'
import { patch } from './patch.ts'
import { projection } from './projection.ts'
import { readable } from './readable.ts'
import { sizes } from './sizes.ts'
import { stock } from './stock.ts'
import { tracing } from './tracing.ts'

/** In the order in which they run: the memory at rest comes first, and what restarts the services last. */
export const cases: readonly Case[] = [
  footprint,
  create,
  createLatency,
  readable,
  get,
  patch,
  stock,
  grpcCommands,
  grpcQueries,
  createAlone,
  projection,
  tracing,
  fresh,
  sizes,
]
