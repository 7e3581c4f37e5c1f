local held = string.match(redis.call('GETRANGE', KEYS[1], 0, 16), '^(%d+) ')
if held and tonumber(held) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
