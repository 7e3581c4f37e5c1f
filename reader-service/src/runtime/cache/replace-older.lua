-- KEYS: entries. ARGV: version, item and lifetime in ms of each. For states that the store applied.
-- Ends leases and replaces older entries, but never creates one: see item-cache.ts. Returns how many it replaced.
local replaced = 0
for i, key in ipairs(KEYS) do
  local version = ARGV[3 * i - 2]
  local cached = string.match(redis.call('GETRANGE', key, 0, 16), '^(%d+) ')
  if not cached then
    redis.call('DEL', key)
  elseif tonumber(cached) < tonumber(version) then
    redis.call('SET', key, version .. ' ' .. ARGV[3 * i - 1], 'PX', ARGV[3 * i])
    replaced = replaced + 1
  end
end
return replaced
