// Cards settle: when the time that a forecast is for has passed, its card says what the price closed at. The stream's
// events tell it (static/live.js); where they did not, as on a page that slept, the service is asked a few times.
(() => {
  const MINUTE = 60_000, HOUR = 60 * MINUTE; // milliseconds
  const AFTER = [1, 10, 60]; // minutes after the time when the service is asked; of a card that comes later, once
  const FAILURES = 3; // that are tried again at once
  const LONGEST = 299; // hours back that candles are known for
  const UNKEPT = ["demo", "file"]; // sources whose forecasts the service does not keep
  const MOST = 300; // closes and cards that are remembered
  const closes = new Map(), asked = new Map(); // by source, coin and time
  let offset = 0, asking = false; // how far the visitor's clock is behind the service's

  const remember = (map, key, value) => {
    map.set(key, value);
    if (map.size > MOST) map.delete(map.keys().next().value);
  };
  const keyOf = (source, symbol, time) => `${source} ${symbol} ${time}`;
  const cards = () => [...document.querySelectorAll("#chat .forecast-card .settled > [content]")].flatMap((place) => {
    try {
      const card = JSON.parse(place.getAttribute("content")), time = Date.parse(card.target);
      return [{ ...card, place, time, key: keyOf(card.source, card.symbol, time) }];
    } catch {
      return [];
    }
  });

  const money = ({ digits, group, decimal, money: form }, price) => {
    const [whole, cents] = price.toFixed(digits).split(".");
    const amount = whole.replace(/\B(?=(\d{3})+$)/g, group) + (cents ? decimal + cents : "");
    return form.replace("{}", () => amount);
  };
  const tell = (card) => {
    const price = closes.get(card.key), held = card.range[0] <= price && price <= card.range[1];
    if (price === undefined && !asked.get(card.key)?.over) return;
    const how = price === undefined ? "passed" : held ? "inside" : "outside";
    card.place.textContent = card[how].replace("{price}", () => money(card, price));
    card.place.parentElement.classList.remove("passed"); // of a close that came late
    card.place.parentElement.classList.add("told", how);
  };

  const get = async (address) => {
    const answer = await fetch(address, { signal: AbortSignal.timeout(15_000) });
    offset = Date.parse(answer.headers.get("Date")) - Date.now() || 0;
    if (answer.status === 429 || answer.status >= 500) throw new Error(String(answer.status));
    return answer.ok ? answer.json() : null;
  };
  const closeOf = async ({ id, symbol, source, time }) => {
    const kept = UNKEPT.includes(source) ? null : await get(`v1/forecasts/${encodeURIComponent(id)}`);
    const outcome = kept?.outcomes?.find((each) => Date.parse(each.target_time) === time);
    const hours = Math.ceil((Date.now() + offset - time) / HOUR);
    if (outcome || time % HOUR || hours < 1 || hours > LONGEST) return outcome?.actual;
    const span = await get(`v1/candles?symbol=${encodeURIComponent(symbol)}&hours=${hours + 1}`);
    const candle = (each) => span.source === source && Date.parse(each.open_time) + HOUR === time;
    return span?.candles?.find(candle)?.close;
  };
  const past = (card) => AFTER.filter((minutes) => Date.now() + offset >= card.time + minutes * MINUTE).length;
  const due = (card) => {
    const { times = 0, failures = 0 } = asked.get(card.key) ?? {};
    return past(card) > times || (failures > 0 && failures < FAILURES);
  };
  const inSight = ({ place }) => {
    const { top, bottom, height } = place.closest(".forecast-card").getBoundingClientRect();
    return height > 0 && bottom > 0 && top < innerHeight;
  };
  const ask = async () => { // one after another, and those that are looked at alone
    const card = !asking && !document.hidden && cards().find((each) => !closes.has(each.key) && due(each) && inSight(each));
    if (!card) return;
    asking = true;
    try {
      const price = await closeOf(card), times = past(card);
      if (typeof price === "number") remember(closes, card.key, price);
      remember(asked, card.key, { times, over: times === AFTER.length });
      setTimeout(look);
    } catch {
      remember(asked, card.key, { times: past(card), failures: (asked.get(card.key)?.failures ?? 0) + 1 });
    }
    asking = false;
  };

  const inView = new IntersectionObserver(ask);
  const look = () => {
    for (const card of cards()) {
      tell(card);
      inView.observe(card.place.closest(".forecast-card"));
    }
    ask();
  };
  new MutationObserver((changes) => {
    if (changes.some((each) => [...each.addedNodes].some((node) => node.querySelector?.(".settled > :empty")))) look();
  }).observe(document, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", look);
  setInterval(ask, MINUTE / 2);

  const hear = (source, symbol, time, price) => {
    const key = keyOf(source, symbol, time);
    if (typeof price !== "number" || !cards().some((card) => card.key === key)) return;
    remember(closes, key, price);
    look();
  };
  const settled = ({ detail }) => detail?.outcomes?.forEach(
    (each) => hear(detail.source, detail.symbol, Date.parse(each.target_time), each.actual),
  );
  document.addEventListener("cryptosense:settled", settled);
  document.addEventListener("cryptosense:outcome", settled);
  document.addEventListener("cryptosense:candle", ({ detail }) => {
    const end = Date.parse(detail?.open_time) + detail?.step_minutes * MINUTE;
    hear(detail?.source, detail?.symbol, end, detail?.close);
  });
})();
