-- wrk -s post.lua URL -- BODY: the same POST again and again; the last line printed is what load.py reads.

function init(args)
  wrk.method, wrk.body = "POST", args[1]
  wrk.headers["Content-Type"] = "application/json"
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\n{"answers": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6,
    failed.connect + failed.read + failed.write + failed.status + failed.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
