for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'version', ARGV[3 * i - 2], 'body', ARGV[3 * i - 1])
  redis.call('HDEL', key, 'lease')
  redis.call('PEXPIRE', key, ARGV[3 * i])
end
return #KEYS
