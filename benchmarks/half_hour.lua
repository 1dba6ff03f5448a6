-- Mixed load: what clients send, now and then something that deserves a 4xx. Run by half_hour.py.
-- Every request says in its X-Request-ID which status it deserves, and the service returns that id with its answer.

local PAUSE = 40 -- ms between an answer and the next request of the same connection
local HOUR = 3600
local JSON = "application/json"
local mix = {} -- formatted requests, as often as they are to be sent

counts = { expected = 0, unexpected = 0, first = "" }

local function add(times, status, method, path, body, headers)
  local all = { ["X-Request-ID"] = tostring(status), ["Content-Type"] = body and JSON or nil }
  for name, value in pairs(headers or {}) do all[name] = value end
  local request = wrk.format(method, path, all, body)
  for _ = 1, times do mix[#mix + 1] = request end
end

local function closes(count)
  local prices, price = {}, 61000
  for number = 1, count do
    price = price * (1 + 0.005 * (math.random() - 0.5))
    prices[number] = string.format("%.2f", price)
  end
  return prices
end

-- Hourly candles up to the newest full hour.
local function candles(count)
  local rows, prices, now = {}, closes(count + 1), os.time()
  for number = 1, count do
    local before, after = tonumber(prices[number]), tonumber(prices[number + 1])
    rows[number] = string.format(
      '{"open_time": %d, "open": %.2f, "high": %.2f, "low": %.2f, "close": %.2f, "volume": %.3f}',
      now - now % HOUR - HOUR * (count + 1 - number), before, math.max(before, after) * 1.001,
      math.min(before, after) * 0.999, after, 1 + 99 * math.random())
  end
  return "[" .. table.concat(rows, ", ") .. "]"
end

local function good()
  add(6, 200, "GET", "/healthz")
  add(2, 200, "GET", "/readyz")
  add(1, 200, "GET", "/metrics")
  add(2, 200, "GET", "/v1/model")
  for _, symbol in ipairs({ "BTC-USD", "ETH-USD" }) do
    add(6, 200, "GET", "/v1/price?symbol=" .. symbol)
    add(3, 200, "GET", "/v1/candles?hours=48&symbol=" .. symbol)
    add(2, 200, "GET", "/v1/forecasts?limit=20&symbol=" .. symbol)
    add(2, 200, "GET", "/v1/track-record?symbol=" .. symbol)
    add(1, 200, "GET", "/v1/anomalies?hours=24&symbol=" .. symbol)
    add(6, 200, "POST", "/v1/forecast", string.format('{"symbol": "%s", "hours": 24}', symbol))
  end
  for _ = 1, 10 do -- each with prices of its own
    add(2, 200, "POST", "/predict", string.format('{"prices": [%s]}', table.concat(closes(60), ", ")))
    local body = '{"symbol": "BTC-USD", "candles": %s, "other_candles": %s, "hours": 24, "threshold": 61000}'
    add(1, 200, "POST", "/v1/forecast", string.format(body, candles(300), candles(300)))
    body = '{"symbol": "BTC-USD", "closes": [%s], "quantiles": [0.05, 0.95]}'
    add(1, 200, "POST", "/v1/forecast", string.format(body, table.concat(closes(168), ", ")))
    add(1, 200, "POST", "/v1/anomalies", string.format('{"symbol": "BTC-USD", "candles": %s}', candles(100)))
  end
end

local function hostile()
  local prices = table.concat(closes(60), ", ")
  add(1, 422, "POST", "/predict", string.format('{"prices": [NaN, %s]}', prices))
  add(1, 422, "POST", "/predict", string.format('{"prices": [%s], "prices": [1]}', prices))
  add(1, 422, "POST", "/predict", string.rep("[", 60000))
  add(1, 413, "POST", "/predict", string.rep(" ", 66000))
  add(1, 415, "POST", "/predict", string.format('{"prices": [%s]}', prices), { ["Content-Type"] = "text/plain" })
  add(1, 415, "POST", "/predict", "\31\139\8", { ["Content-Encoding"] = "gzip" })
  add(1, 422, "POST", "/v1/forecast", '{"symbol": "\\ud800"}')
  add(1, 422, "POST", "/v1/forecast", '{"symbol": "BTC-USD", "hours": 1e999}')
  add(1, 422, "POST", "/v1/anomalies", string.format('{"symbol": "BTC-USD", "candles": %s}', candles(20)))
  add(1, 422, "GET", "/v1/price?symbol=DOGE-USD")
  add(1, 404, "GET", "/v1/forecasts/fc_none")
  add(1, 404, "GET", "/admin.php")
  add(1, 405, "GET", "/predict")
end

function init()
  math.randomseed(1)
  good()
  hostile()
end

function request() return mix[math.random(#mix)] end

function delay() return PAUSE end

function response(status, headers)
  local deserved = headers["x-request-id"]
  if deserved == tostring(status) then
    counts.expected = counts.expected + 1
    return
  end
  counts.unexpected = counts.unexpected + 1
  if counts.first == "" then counts.first = string.format("%d instead of %s", status, deserved or "one with an id") end
end

local threads = {}

function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency)
  local counted, lost = threads[1]:get("counts"), summary.errors
  io.write(string.format(
    '\n{"expected": %d, "unexpected": %d, "first": "%s", "lost": %d, "p50": %.2f, "p99": %.2f}\n',
    counted.expected, counted.unexpected, counted.first, lost.connect + lost.read + lost.write + lost.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
