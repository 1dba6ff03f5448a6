// Alerts of the open page: a card that says what to watch for (cards/alert_card.py) is watched until it is told, removed or
// its time has passed. What became of each card is kept in the browser; a card that goes, as with a new chat, is not watched.
(() => {
  const MOST = 10; // newest cards that are watched
  const DARK = "\u25cf "; // before the page's title while something is told
  const EVERY = 5000; // milliseconds
  const site = parent === window ? "" : location.ancestorOrigins?.[0] ?? new URLSearchParams(location.search).get("site") ?? "";
  const name = `cryptosense alerts ${location.pathname} ${site}`;
  let states = [], notifying = false; // [card's data, "told" or "removed" or "over", time]
  try { states = JSON.parse(sessionStorage.getItem(name)) ?? []; } catch { /* none is kept here */ }
  if (!Array.isArray(states)) states = [];

  const make = (tag, set, ...inside) => {
    const made = Object.assign(document.createElement(tag), set);
    made.append(...inside);
    return made;
  };
  const cards = () => [...document.querySelectorAll("#chat .alert-card")].slice(-MOST).flatMap((card) => {
    const key = card.querySelector("[content]")?.getAttribute("content");
    try { return [{ card, key, ...JSON.parse(key) }]; } catch { return []; }
  });
  const stateOf = (key) => states.find((each) => each[0] === key);
  const become = (key, how) => {
    states = [...states.filter((each) => each[0] !== key), [key, how, Date.now()]].slice(-MOST);
    try { sessionStorage.setItem(name, JSON.stringify(states)); } catch { /* then it is not kept */ }
    show();
  };

  const board = make("div", { id: "alerts" });
  board.setAttribute("role", "status");
  const tell = ({ key, words, symbol }, notice) => {
    if (stateOf(key)) return; // while the chat is drawn anew a card may stand there twice
    become(key, "told");
    if (!board.isConnected) document.body.append(board);
    const close = make("button", { type: "button", textContent: "\u00d7", title: words.close });
    const line = make("p", {}, make("span", { textContent: notice }), close);
    close.onclick = () => {
      line.remove();
      if (!board.children.length) document.title = document.title.replace(DARK, "");
    };
    board.append(line);
    while (board.children.length > MOST) board.firstChild.remove();
    if (!document.title.startsWith(DARK)) document.title = DARK + document.title;
    document.dispatchEvent(new CustomEvent("cryptosense:alert", { detail: { symbol, notice } }));
    if (!notifying) return;
    try { new Notification(notice, { tag: key }); } catch { /* where only service workers may */ }
  };

  // What a button does: each is made anew with the card that it stands in.
  const remove = (each) => make("button", { type: "button", textContent: each.words.remove, onclick: () => become(each.key, "removed") });
  const notify = (each) => make("button", {
    type: "button",
    textContent: each.words.notify,
    onclick: async () => {
      notifying = await Notification.requestPermission() === "granted";
      show();
    },
  });
  const show = () => {
    for (const each of cards()) {
      const [, how = "watching", at] = stateOf(each.key) ?? [], place = each.card.querySelector(".state");
      const asks = how === "watching" && !notifying && globalThis.Notification && Notification.permission !== "denied";
      const shown = `${how} ${Boolean(asks)}`;
      if (place.dataset.shown === shown) continue;
      place.dataset.shown = shown;
      each.card.classList.toggle("watching", how === "watching");
      const time = at && new Date(at).toLocaleTimeString(document.documentElement.lang || undefined, { hour: "2-digit", minute: "2-digit" });
      place.replaceChildren(make("span", { textContent: each.words[how].replace("{}", time) }));
      if (how === "watching") place.append(remove(each));
      if (asks) place.append(notify(each));
    }
  };

  const watching = (symbol) => cards().filter((each) => each.symbol === symbol && !stateOf(each.key));
  const hear = (symbol, time, low, high) => {
    for (const each of watching(symbol)) {
      if (!(time >= Date.parse(each.since)) || time > (Date.parse(each.until) || Infinity)) continue;
      if (each.high !== null && high >= each.high) tell(each, each.notices.high);
      else if (each.low !== null && low <= each.low) tell(each, each.notices.low);
    }
  };
  document.addEventListener("cryptosense:quote", ({ detail }) => hear(detail?.symbol, Date.parse(detail?.time), detail?.price, detail?.price));
  document.addEventListener("cryptosense:candle", ({ detail }) => hear(detail?.symbol, Date.parse(detail?.open_time), detail?.low, detail?.high));
  document.addEventListener("cryptosense:anomaly", ({ detail }) => {
    for (const each of watching(detail?.symbol)) if (each.notices.unusual) tell(each, each.notices.unusual);
  });
  const look = () => {
    for (const { key, until } of cards()) if (!stateOf(key) && Date.parse(until) + EVERY < Date.now()) become(key, "over");
    show();
  };
  setInterval(look, EVERY);
  new MutationObserver((changes) => {
    if (changes.some((each) => [...each.addedNodes].some((node) => node.querySelector?.(".alert-card, .state:empty")))) look();
  }).observe(document, { childList: true, subtree: true });
})();
