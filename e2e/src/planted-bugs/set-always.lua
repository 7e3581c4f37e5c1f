for i, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[3 * i - 2] .. ' ' .. ARGV[3 * i - 1], 'PX', ARGV[3 * i])
end
return #KEYS
