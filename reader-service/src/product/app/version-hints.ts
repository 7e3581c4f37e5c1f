import type { ProductFinder } from './ports.ts'

/** Those in this process who wait for a version of a product, and what they are told. */
export type VersionHints = {
  /** What is told from now on that the version, or a later one, may be there. Dispose of it when done. */
  expect: (id: string, version: number) => Disposable & { arrived: Promise<void> }
  notify: (arrived: { id: string; version: number }) => void
}

/** Between two looks at the model while anybody waits. */
const LOOK_EVERY_MS = 100

/**
 * The projection's hints wake those who wait early. As a hint may be lost, the model is asked as well: by one
 * query at a time for all of them together. If each looked by itself, as many looks as there are waiters would
 * slow down the very projection that they wait for, and whoever then asks again makes it worse.
 */
export function versionHints(model: Pick<ProductFinder, 'versions'>): VersionHints {
  type Expectation = { version: number; resolve: () => void }
  const expectations = new Map<string, Set<Expectation>>()
  let looking = false

  function remove(id: string, expectation: Expectation): void {
    const others = expectations.get(id)
    others?.delete(expectation)
    if (others?.size === 0) expectations.delete(id)
  }

  function notify({ id, version }: { id: string; version: number }): void {
    for (const expectation of expectations.get(id) ?? []) {
      if (expectation.version <= version) {
        remove(id, expectation)
        expectation.resolve()
      }
    }
  }

  function lookLater(): void {
    looking = true
    setTimeout(() => void look(), LOOK_EVERY_MS)
  }

  async function look(): Promise<void> {
    if (expectations.size > 0) {
      // While the model cannot be asked, those who wait find that out by themselves.
      const versions = await model.versions([...expectations.keys()]).catch(() => [])
      for (const [id, version] of versions) notify({ id, version })
    }
    looking = false
    if (expectations.size > 0) lookLater()
  }

  return {
    expect(id, version) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const expectation = { version, resolve }
      const others = expectations.get(id)
      if (others) others.add(expectation)
      else expectations.set(id, new Set([expectation]))
      if (!looking) lookLater()
      return { arrived: promise, [Symbol.dispose]: () => remove(id, expectation) }
    },
    notify,
  }
}
