-- KEYS[1]: the entry. ARGV: a version that the store has reached.
-- Ends a lease and removes an older entry. Returns 1 if it removed something.
local cached = string.match(redis.call('GETRANGE', KEYS[1], 0, 16), '^(%d+) ')
if cached and tonumber(cached) >= tonumber(ARGV[1]) then
  return 0
end
return redis.call('DEL', KEYS[1])
