// Prices that move: one connection for all that the page shows, told to the other scripts as events of the document.
// The ticker and the newest card follow. A hidden page lets go; seen again, it goes on after the last event it knew.
(() => {
  const KINDS = { quote: [], candle: [], forecast: [], settled: ["outcome"], anomaly: [], alert: [] }; // and other names
  const SOONEST = 3000, LATEST = 60_000; // milliseconds until a lost connection is tried again, twice as long each time
  const EVERY = 5000, SLEPT = 15_000; // milliseconds between two beats, and without one, after which we were asleep
  const quotes = new Map(); // the newest by symbol
  let source = null, listened = "", last = "", failures = 0, retry = 0, followed = null;

  const told = (element) => { try { return JSON.parse(element.getAttribute("content")) ?? {}; } catch { return {}; } };
  const ticker = () => document.querySelector("#ticker .coins");
  const coins = () => document.querySelectorAll("#ticker .coin");
  const newest = () => [...document.querySelectorAll("#chat .forecast-card")].at(-1) ?? null;
  const facts = (card) => told(card?.querySelector(":scope > [content]"));

  // Numbers are written as the server writes them in the visitor's language.
  const number = (value, digits, { group, decimal }) => {
    const [whole, part] = value.toFixed(digits).split(".");
    return whole.replace(/\B(?=(\d{3})+$)/g, group) + (part ? decimal + part : "");
  };
  const money = (value, digits, quote, form) => {
    const amount = number(value, digits, form);
    return quote === "USD" ? form.dollars.replace("{}", amount) : `${amount}\u00a0${quote}`;
  };
  const percent = (value, form) => {
    const text = form.percent.replace("{}", number(Math.abs(value), 2, form)), rounded = Number(value.toFixed(2));
    return rounded < 0 ? `\u2212${text}` : rounded > 0 ? `+${text}` : text;
  };

  const price = (coin, { symbol, time, digits, before }, quote, form) => {
    if (Date.parse(quote.time) < 1000 * time) return; // the server knows a newer one
    const shown = coin.querySelector(".price"), text = `${symbol.split("-")[0]} ${money(quote.price, digits, quote.quote, form)}`;
    if (shown.textContent === text) return;
    const cents = shown.querySelector(".cents") ? text.indexOf(form.decimal + quote.price.toFixed(digits).split(".")[1]) : -1;
    if (cents < 0) shown.textContent = text;
    else {
      shown.firstChild.data = text.slice(0, cents);
      shown.querySelector(".cents").textContent = text.slice(cents, cents + digits + 1);
    }
    const change = before && 100 * (quote.price / before - 1), moved = coin.querySelector(".up, .down, .dim");
    if (!before || !moved) return;
    moved.className = change > 0 ? "up" : change < 0 ? "down" : "dim";
    moved.firstChild.data = percent(change, form);
  };

  // Where the price is now within the range of the card, until its time has come.
  const mark = (card, form) => {
    if (followed !== card) followed?.classList.remove("live");
    followed = card;
    const text = card?.querySelector(".mark .now"), line = card?.querySelector(".bar .now");
    if (!text || !line) return;
    const { symbol, target_time: end } = facts(card), quote = quotes.get(symbol), scale = told(text.querySelector("b"));
    const fits = quote && quote.quote === scale.quote && !quote.warnings.includes("stale_candles")
      && !(Date.parse(quote.time) >= Date.parse(end));
    card.classList.toggle("live", Boolean(fits));
    if (!fits) return;
    const amount = money(quote.price, scale.digits, quote.quote, scale.form ?? form), shown = text.querySelector("b");
    if (shown.textContent === amount) return;
    shown.textContent = amount;
    const at = 100 * Math.min(1, Math.max(0, (quote.price - scale.left) / (scale.right - scale.left || 1)));
    text.style.left = line.style.left = `${at}%`;
    text.style.transform = `translateX(-${at}%)`;
  };

  const show = () => {
    const { form } = told(ticker());
    if (!form) return;
    if (quotes.size) {
      for (const coin of coins()) {
        const about = told(coin), quote = quotes.get(about.symbol);
        if (quote) price(coin, about, quote, form);
      }
    }
    mark(newest(), form);
  };

  const hear = (event) => {
    last = event.lastEventId || last;
    failures = 0;
    const detail = JSON.parse(event.data);
    if (event.type === "quote") {
      quotes.set(detail.symbol, detail);
      show();
    }
    for (const name of [event.type, ...KINDS[event.type]]) {
      document.dispatchEvent(new CustomEvent(`cryptosense:${name}`, { detail }));
    }
  };

  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (!listened) return;
    source = new EventSource(`v1/stream?${new URLSearchParams(last ? { symbols: listened, after: last } : { symbols: listened })}`);
    source.addEventListener("error", lost);
    for (const kind in KINDS) source.addEventListener(kind, hear);
  };
  const lost = ({ target }) => {
    if (target !== source) return;
    close(); // the browser would try again every few seconds, and not at all after a refusal
    retry = setTimeout(open, (0.5 + Math.random() / 2) * Math.min(SOONEST * 2 ** failures++, LATEST));
    if (failures < 3) return;
    quotes.clear(); // what is not told any more is not now
    show();
  };

  // What is to be listened to: what is shown, of what this service follows, as long as somebody can see
  // it; and what an alert (static/alerts.js) watches for, seen or not.
  const look = () => {
    const seen = !document.hidden && innerWidth > 0; // the frame of a widget that is shut has no width
    const { followed: known = [] } = told(ticker());
    const watched = [...document.querySelectorAll("#chat .alert-card.watching [content]")].map((card) => told(card).symbol);
    const shown = seen ? [...coins()].map((coin) => told(coin).symbol).concat(facts(newest()).symbol) : [];
    const wanted = [...new Set([...shown, ...watched])].filter((symbol) => known.includes(symbol)).sort().join();
    if (wanted !== listened) {
      listened = wanted;
      open();
    }
    show();
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
  document.addEventListener("visibilitychange", look);
  addEventListener("resize", look);
  addEventListener("pageshow", look);
  addEventListener("pagehide", () => {
    listened = "";
    close();
  });
  addEventListener("online", open);
  let beat = Date.now();
  setInterval(() => {
    if (Date.now() - beat > SLEPT) open(); // what was open before may be silent for good
    beat = Date.now();
  }, EVERY);
})();
