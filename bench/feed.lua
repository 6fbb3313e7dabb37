-- wrk: asks for the paths in a file, one after the other, over and over. A line is a path and maybe a token.
local requests, turn = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local path, token = line:match("^(%S+) ?(%S*)$")
    local headers = { Host = "localhost" }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

-- One line of JSON, times in microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "failed": %d, "refused": %d, "p50_us": %d, "p95_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
