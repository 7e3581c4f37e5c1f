-- KEYS[1] entry; ARGV: token, version, body, ms the entry lasts.
-- Stores only while the caller's lease is there: since it was given, no projection wrote this id, nobody
-- else filled it, and the key was not evicted. 1 when stored.
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'body', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
