-- KEYS[1] entry; ARGV: token of the caller, ms a lease lasts.
-- {version, body} of the entry; {} when somebody else holds the lease; {token} when the caller now does.
local entry = redis.call('HMGET', KEYS[1], 'version', 'body')
if entry[1] then
  return entry
end
if redis.call('HSETNX', KEYS[1], 'lease', ARGV[1]) == 0 then
  return {}
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { ARGV[1] }
