-- KEYS[1]: the entry. ARGV: version, body, lifetime of the entry in ms. For a state that the store applied.
-- Ends a lease and replaces an older entry, but never creates one: see item-cache.ts. Returns 1 if it replaced one.
local cached = redis.call('HGET', KEYS[1], 'version')
if cached and tonumber(cached) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
if not cached then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'body', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
