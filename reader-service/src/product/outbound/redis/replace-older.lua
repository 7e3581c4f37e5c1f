-- KEYS[1] entry; ARGV: version, body, ms the entry lasts. For a state that the model took.
-- Ends any lease and replaces an older entry, but never makes one: see product-cache.ts. 1 when replaced.
local held = redis.call('HGET', KEYS[1], 'version')
if held and tonumber(held) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
if not held then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'body', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
