// What the chart shows, from the service's own interface. Times are Unix seconds.
export const STEPS = { "5m": 300, "1h": 3600, "1d": 86400 };
export const LONGEST = { "5m": 60, "1h": 300, "1d": 6480 }; // hours that the service offers
const MOST_RANGES = 200, MOST_HOURS = 235;

const got = async (path, query) => {
  const answer = await fetch(`${path}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
};
export const seconds = (text) => Date.parse(text) / 1000;
export const candle = (told) => ({ ...told, time: seconds(told.open_time) });

export const candles = async (symbol, step, hours) =>
  (await got("v1/candles", { symbol, step, hours })).candles.map(candle);

export const range = (told) => ({
  id: told.id, time: seconds(told.target_time), median: told.median, bands: told.bands, outcome: told.outcome,
});

// Ranges that were forecast an hour before, or for days a day before, since a moment; none where none can be had. Of a
// simulated tape and of candles in a file none are kept, and none are asked for.
export const ranges = async (symbol, step, since, source) => {
  if (["demo", "file"].includes(source)) return [];
  const minutes = step === "1d" ? 1440 : 60;
  const query = { symbol, minutes, since: Math.floor(since - 60 * minutes), limit: MOST_RANGES };
  try {
    return (await got("v1/forecasts/ranges", query)).ranges.map(range);
  } catch {
    return [];
  }
};

// Hours that moved as almost none does; none where they cannot be had.
export const anomalies = async (symbol, hours) => {
  try {
    const { anomalies } = await got("v1/anomalies", { symbol, hours: Math.min(hours, MOST_HOURS) });
    return anomalies.map((each) => ({ time: seconds(each.time), move: each.move_pct }));
  } catch {
    return [];
  }
};
