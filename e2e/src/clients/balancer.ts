import { setTimeout as sleep } from 'node:timers/promises'
import { repeat } from '@lockstep/core/async/repeat.ts'
import type { Service } from '../system/services.ts'

export type Balancer<S> = AsyncDisposable & { pick: () => Promise<S> }

/** One after the other, whether they respond or not. */
export function roundRobin<S extends Service>(services: readonly S[]): () => S {
  let next = 0
  return () => services[next++ % services.length] as S
}

/** Sends to the services whose last response from `/ready` was 200, as a load balancer does. */
export function balancer<S extends Service>(services: readonly S[], everyMs = 50): Balancer<S> {
  const ready = new Set<S>(services)
  const probes = services.map((service) =>
    repeat(async () => {
      const probe = await service.admin.send('GET', '/ready', { timeoutMs: 1_000 }).catch(() => undefined)
      if (probe?.status === 200) ready.add(service)
      else ready.delete(service)
    }, everyMs),
  )
  const next = roundRobin(services)
  return {
    async pick() {
      for (;;) {
        for (let tried = 0; tried < services.length; tried++) {
          const service = next()
          if (ready.has(service)) return service
        }
        await sleep(10)
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(probes.map((probe) => probe[Symbol.asyncDispose]()))
    },
  }
}
