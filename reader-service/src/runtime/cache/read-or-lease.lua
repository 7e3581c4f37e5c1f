-- KEYS[1]: the entry. ARGV: token of the caller, lifetime of a lease in ms.
-- Returns {version, body} of the entry; {} if another query has the lease; {token} if the caller has it now.
local entry = redis.call('HMGET', KEYS[1], 'version', 'body')
if entry[1] then
  return entry
end
if redis.call('HSETNX', KEYS[1], 'lease', ARGV[1]) == 0 then
  return {}
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { ARGV[1] }
