import { AppError } from '@lockstep/core/errors/app-error.ts'
import type { Product, ProductState } from '../domain/product.ts'
import { answeredVersions } from './answered-versions.ts'
import type { LoadProduct } from './load-product.ts'
import type { QueryMetrics } from './ports.ts'
import type { VersionHints } from './version-hints.ts'

export type GetProductQuery = {
  id: string
  minVersion?: number | undefined
  /** When the caller stops waiting, in milliseconds since the epoch. */
  deadline?: number
}

/**
 * The product, at `minVersion` or later when one is given. Rejects with `not_found` (for a deleted product
 * too), `read_model_behind`, `overloaded` when too many wait already, and what the model rejects with.
 */
export type GetProduct = (query: GetProductQuery) => Promise<Product>

export type WaitLimits = {
  /** The longest that a query waits for its version, ms. */
  maxWaitMs: number
  maxWaiters: number
  /** Ids whose last answered version is remembered. */
  rememberedIds: number
}

/** Time for an answer to reach its caller before the deadline. */
const ANSWER_MARGIN_MS = 20

export function getProduct(ports: {
  load: LoadProduct
  hints: Pick<VersionHints, 'expect'>
  metrics: Pick<QueryMetrics, 'waiters' | 'waited'>
  limits: WaitLimits
}): GetProduct {
  const { load, hints, metrics, limits } = ports
  const answered = answeredVersions(limits.rememberedIds)
  let waiters = 0

  async function look(id: string, minVersion: number): Promise<ProductState | undefined> {
    const state = await load(id, Math.max(minVersion, answered.highest(id)))
    if (!state || state.version < minVersion) return undefined
    answered.remember(id, state.version)
    return state
  }

  /** Waits in the bounded line of those whose version is not there yet. */
  async function inLine(wait: Promise<void | undefined>): Promise<void> {
    if (waiters >= limits.maxWaiters) {
      metrics.waited('refused')
      throw new AppError('overloaded', 'Too many queries wait for a version')
    }
    metrics.waiters(++waiters)
    await wait
    metrics.waiters(--waiters)
  }

  async function atLeast(id: string, minVersion: number, deadline: number): Promise<ProductState> {
    const until = Math.min(Date.now() + limits.maxWaitMs, deadline - ANSWER_MARGIN_MS)
    for (let waited = false; ; waited = true) {
      // Expected before looking: what arrives between the look and the wait is not missed.
      using expected = hints.expect(id, minVersion)
      const state = await within(until, look(id, minVersion))
      if (state) {
        if (waited) metrics.waited('ready')
        return state
      }
      await inLine(within(until, expected.arrived))
      if (Date.now() >= until) {
        metrics.waited('behind')
        throw new AppError(
          'read_model_behind',
          `The read model has not reached version ${minVersion} of ${id}`,
        )
      }
    }
  }

  return async ({ id, minVersion, deadline = Infinity }) => {
    const state = minVersion === undefined ? await look(id, 0) : await atLeast(id, minVersion, deadline)
    if (!state || state.deleted) throw new AppError('not_found', `There is no product ${id}`)
    return state
  }
}

/** What `work` gives, or undefined when it has not settled by `until` (ms since the epoch). */
async function within<T>(until: number, work: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), Math.max(0, until - Date.now()))
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
