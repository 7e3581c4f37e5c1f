-- KEYS[1]: the entry. ARGV: the caller's lease, version, item, lifetime of the entry in ms.
-- Stores the entry only while the caller's lease is in the key: since the lease was given, the projection has not
-- written this id, no other query has filled it, and the key was not evicted. Returns 1 if it stored the entry.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[3], 'PX', ARGV[4])
return 1
