-- The requests of one round, for wrk: wrk ... -s requests.lua URL -- KIND [FILE]
-- FILE has one id, or one encoded search text, per line; they are used at random. The result is one line of JSON.
local product = '{"name":"Blue enamel teapot","description":"Holds 1.2 l; dishwasher safe.","category":"kitchen","priceCents":3490}'
local json = { ["content-type"] = "application/json" }
local ids = {}
local sent = 0

local function id()
  return ids[math.random(#ids)]
end

-- Formatting a request takes longer than sending it, so requests that are always the same are formatted once.
local function gets(prefix)
  local all = {}
  for i, each in ipairs(ids) do all[i] = wrk.format("GET", prefix .. each) end
  return function() return all[math.random(#all)] end
end

local kinds = {
  create = function()
    local same = wrk.format("POST", "/api/v1/products", json, product)
    return function() return same end
  end,
  get = function() return gets("/api/v1/products/") end,
  search = function() return gets("/api/v1/products?search=") end,
  patch = function()
    local merge = { ["content-type"] = "application/merge-patch+json" }
    -- Another price each time: a change that changes nothing writes no event.
    return function()
      sent = sent + 1
      return wrk.format("PATCH", "/api/v1/products/" .. ids[1], merge, '{"priceCents":' .. sent .. "}")
    end
  end,
  receive = function()
    return function() return wrk.format("POST", "/api/v1/stock/" .. id() .. "/receipts", json, '{"quantity":1000000}') end
  end,
  reserve = function()
    local run = tostring(os.time()) .. "-"
    return function()
      sent = sent + 1
      local body = '{"reservationId":"' .. run .. sent .. '","quantity":1}'
      return wrk.format("POST", "/api/v1/stock/" .. id() .. "/reservations", json, body)
    end
  end,
}

function init(args)
  math.randomseed(os.time())
  if args[2] then
    for line in io.lines(args[2]) do ids[#ids + 1] = line end
  end
  request = kinds[args[1]]()
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"refused":%d,"broken":%d,"late":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.status, e.connect + e.read + e.write, e.timeout
  ))
end
