-- Requests from a file ("METHOD path" a line, or "METHOD path session") if one is given, and the summary as one line of JSON.
function init(args)
  if #args == 0 then return end
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
