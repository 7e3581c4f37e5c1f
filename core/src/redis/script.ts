import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

export type LuaScript = { readonly source: string; readonly sha: string }

export type ScriptCall = {
  script: LuaScript
  keys: readonly string[]
  args: readonly (string | number)[]
}

export function luaScript(file: URL): LuaScript {
  const source = readFileSync(file, 'utf8')
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

export async function runScript(redis: Redis, call: ScriptCall): Promise<unknown> {
  try {
    return await redis.evalsha(call.script.sha, call.keys.length, ...call.keys, ...call.args)
  } catch (error) {
    if (!isUnknownScript(error)) throw error
    return redis.eval(call.script.source, call.keys.length, ...call.keys, ...call.args)
  }
}

/**
 * Runs the calls in one round trip and gives their results in order. Rejects if any of them failed; the
 * others may have taken effect. Calls on the same key may change places when the server has to be taught
 * a script first.
 */
export async function runScripts(redis: Redis, calls: readonly ScriptCall[]): Promise<unknown[]> {
  const results = await pipeline(redis, calls)
  const refused = results.flatMap(([error], i) => (error && isUnknownScript(error) ? [i] : []))
  if (refused.length > 0) {
    for (const script of new Set(calls.map((call) => call.script))) await redis.script('LOAD', script.source)
    const again = await pipeline(
      redis,
      refused.map((i) => calls[i]!),
    )
    for (const [n, i] of refused.entries()) results[i] = again[n]!
  }
  return results.map(([error, result]) => {
    if (error) throw error
    return result
  })
}

async function pipeline(redis: Redis, calls: readonly ScriptCall[]): Promise<[Error | null, unknown][]> {
  const batch = redis.pipeline()
  for (const { script, keys, args } of calls) batch.evalsha(script.sha, keys.length, ...keys, ...args)
  return (await batch.exec()) ?? []
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
