-- KEYS[1] entry; ARGV: version that the model is known to have reached.
-- Ends any lease and removes an older entry.
local held = redis.call('HGET', KEYS[1], 'version')
if held and tonumber(held) >= tonumber(ARGV[1]) then
  return 0
end
return redis.call('DEL', KEYS[1])
