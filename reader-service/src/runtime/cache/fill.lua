-- KEYS[1]: the entry. ARGV: token, version, body, lifetime of the entry in ms.
-- Stores the entry only while the caller's lease is in the key: since the lease was given, the projection has not
-- written this id, no other query has filled it, and the key was not evicted. Returns 1 if it stored the entry.
if redis.call('HGET', KEYS[1], 'lease') ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'body', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
