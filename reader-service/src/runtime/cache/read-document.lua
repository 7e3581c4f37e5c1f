-- KEYS: the document, the change marker. ARGV: a new token, lifetime of a lease, lag and lifetime of the marker, all in ms.
-- Returns the document if nothing changed since it was made, or if it is younger than the lag. Otherwise it gives the
-- lease on it, with the marker and the time, unless another query has the lease. All times are those of this server.
local marker = redis.call('GET', KEYS[2])
if not marker then
  marker = ARGV[1]
  redis.call('SET', KEYS[2], marker, 'PX', ARGV[4])
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local text = redis.call('GET', KEYS[1])
if text then
  local made, of, from = string.match(text, '^(%d+) (%S+) ()')
  if not made then
    return { 'leased' }
  end
  if of == marker or now - made < tonumber(ARGV[3]) then
    return { 'hit', string.sub(text, from), math.max(0, now - made) }
  end
end
redis.call('SET', KEYS[1], 'lease ' .. ARGV[1], 'PX', ARGV[2])
return { 'lease', marker, now }
