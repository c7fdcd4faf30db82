-- Requests from a file ("METHOD path" a line, or "METHOD path session") if one is given, milliseconds to wait between two
-- of a connection if a mean is given after it ("-" stands for no file), and the summary as one line of JSON.
function init(args)
  if args[2] then
    local longest = 2 * tonumber(args[2])
    delay = function() return math.random(0, longest) end
  end
  if #args == 0 or args[1] == "-" then return end
  local requests, count, at = {}, 0, 0
  for line in io.lines(args[1]) do
    local method, path, session = line:match("^(%S+) (%S+) ?(%S*)$")
    count = count + 1
    wrk.headers["X-Session"] = session ~= "" and session or nil
    requests[count] = wrk.format(method, path)
  end
  request = function()
    at = at % count + 1
    return requests[at]
  end
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, "failed": %d, "not_ok": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status))
end
