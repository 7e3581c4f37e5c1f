/** Those in this process who wait for a version of a product, and what they are told. */
export type VersionHints = {
  /** Resolves when somebody says that the version, or a later one, may be there. Cancel it when done. */
  expect: (id: string, version: number) => { arrived: Promise<void>; cancel: () => void }
  notify: (arrived: { id: string; version: number }) => void
}

export function versionHints(): VersionHints {
  type Expectation = { version: number; resolve: () => void }
  const expectations = new Map<string, Set<Expectation>>()

  function remove(id: string, expectation: Expectation): void {
    const others = expectations.get(id)
    others?.delete(expectation)
    if (others?.size === 0) expectations.delete(id)
  }

  return {
    expect(id, version) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const expectation = { version, resolve }
      const others = expectations.get(id)
      if (others) others.add(expectation)
      else expectations.set(id, new Set([expectation]))
      return { arrived: promise, cancel: () => remove(id, expectation) }
    },
    notify({ id, version }) {
      for (const expectation of expectations.get(id) ?? []) {
        if (expectation.version <= version) {
          remove(id, expectation)
          expectation.resolve()
        }
      }
    },
  }
}
