-- KEYS[1]: the entry. ARGV: version, item, lifetime of the entry in ms. For a state that the store applied.
-- Ends a lease and replaces an older entry, but never creates one: see item-cache.ts. Returns 1 if it replaced one.
local cached = string.match(redis.call('GETRANGE', KEYS[1], 0, 16), '^(%d+) ')
if cached and tonumber(cached) >= tonumber(ARGV[1]) then
  return 0
end
if not cached then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
