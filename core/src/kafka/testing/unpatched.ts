import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** A module of kafkajs as it is published. The cache keeps the patched one, also for the next test file. */
export function unpatched(name: string): unknown {
  const path = require.resolve(name)
  const patched = require.cache[path]
  delete require.cache[path]
  const original = require(path) as unknown
  if (patched) require.cache[path] = patched
  else delete require.cache[path]
  return original
}
