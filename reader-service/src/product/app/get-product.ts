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

/** Between two looks at the model when no hint comes; doubled each time. */
const FIRST_POLL_MS = 10
const LAST_POLL_MS = 200

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

  async function waitFor(id: string, minVersion: number, until: number): Promise<ProductState> {
    for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 2, LAST_POLL_MS)) {
      // Expected before looking: what arrives between the look and the wait is not missed.
      const expected = hints.expect(id, minVersion)
      try {
        const state = await within(until, look(id, minVersion))
        if (state) return state
        const next = Date.now() + poll * (0.5 + Math.random())
        await within(Math.min(next, until), expected.arrived)
      } finally {
        expected.cancel()
      }
      if (Date.now() >= until) {
        throw new AppError(
          'read_model_behind',
          `The read model has not reached version ${minVersion} of ${id}`,
        )
      }
    }
  }

  async function waitInLine(id: string, minVersion: number, until: number): Promise<ProductState> {
    if (waiters >= limits.maxWaiters) {
      metrics.waited('refused')
      throw new AppError('overloaded', 'Too many queries wait for a version')
    }
    metrics.waiters(++waiters)
    try {
      const state = await waitFor(id, minVersion, until)
      metrics.waited('ready')
      return state
    } catch (error) {
      const behind = error instanceof AppError && error.code === 'read_model_behind'
      metrics.waited(behind ? 'behind' : 'failed')
      throw error
    } finally {
      metrics.waiters(--waiters)
    }
  }

  async function atLeast(id: string, minVersion: number, deadline: number): Promise<ProductState> {
    const until = Math.min(Date.now() + limits.maxWaitMs, deadline - ANSWER_MARGIN_MS)
    return (await within(until, look(id, minVersion))) ?? (await waitInLine(id, minVersion, until))
  }

  return async ({ id, minVersion, deadline = Infinity }) => {
    const state = minVersion === undefined ? await look(id, 1) : await atLeast(id, minVersion, deadline)
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
