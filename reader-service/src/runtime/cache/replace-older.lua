-- KEYS: entries. ARGV: version, body and lifetime in ms of each. For states that the store applied.
-- Ends leases and replaces older entries, but never creates one: see item-cache.ts. Returns how many it replaced.
local replaced = 0
for i, key in ipairs(KEYS) do
  local version = ARGV[3 * i - 2]
  local cached = redis.call('HGET', key, 'version')
  if not cached then
    redis.call('DEL', key)
  elseif tonumber(cached) < tonumber(version) then
    redis.call('HSET', key, 'version', version, 'body', ARGV[3 * i - 1])
    redis.call('PEXPIRE', key, ARGV[3 * i])
    replaced = replaced + 1
  end
end
return replaced
