// In a frame on another site: tells the widget around the chat what happens, takes its questions, and wears its colours.
// Both sides check origin and source of every message; the widget is api/widget/panel.js.
(() => {
  if (parent === window || new URLSearchParams(location.search).get("embed") !== "1") return;
  const origin = (address) => { try { return new URL(address).origin; } catch { return ""; } };
  const listed = document.querySelector('meta[name="cryptosense-origins"]')?.content.split(" ") ?? [];
  const host = location.ancestorOrigins?.[0] ?? origin(document.referrer);
  if (host !== location.origin && !listed.map(origin).includes(host)) return;

  // What the address asks for is used where it is what it should be: a colour as #rrggbb, the names of fonts, a side.
  const asked = new URLSearchParams(location.search);
  const wanted = (name, valid) => valid.exec(asked.get(name) ?? "")?.[0];
  const accent = wanted("accent", /^#[\da-f]{6}$/i), background = wanted("background", /^#[\da-f]{6}$/i);
  const font = wanted("font", /^[a-z][a-z0-9 ,-]{0,98}$/i), close = wanted("close", /^(left|right)$/);
  const parts = accent?.match(/[\da-f]{2}/gi).map((part) => (parseInt(part, 16) / 255) ** 2.2);
  const onAccent = parts && .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2] > .18 ? "#000" : "#fff";
  const rules = [];
  if (accent) {
    rules.push(`#box button, #chat .user-row .user { background: ${accent} !important }`);
    rules.push(`#box button, #chat .user-row .user * { color: ${onAccent} !important }`);
  }
  if (background) {
    const filled = ["--body-background-fill", "--background-fill-secondary", "--block-background-fill", "background"];
    const dim = `--body-text-color-subdued: color-mix(in srgb, var(--body-text-color) 80%, ${background}) !important`;
    rules.push(`body, body.dark { ${filled.map((name) => `${name}: ${background} !important`).join("; ")}; ${dim} }`);
  }
  if (font) rules.push(`html, body, body.dark { --font: ${font}, system-ui, sans-serif !important }`);
  if (close) rules.push(`.embed.embed.embed #top { padding-${close}: 52px !important }`); // where the panel has its cross
  const look = new CSSStyleSheet();
  look.replaceSync(rules.join("\n"));
  document.adoptedStyleSheets.push(look);

  let ready = false, forecasts = 0, before = 0;
  const tell = (what) => parent.postMessage(what, host);
  // What the address asks for and what the browser has kept come a moment after the page.
  const box = () => document.querySelector("html:not(.restoring) body:has(#name.opened) #box textarea");

  tell("hello"); // or the widget would take a page that is not ours for one that is slow
  const see = () => {
    if (!ready && box()) {
      ready = true;
      tell("ready");
    }
    const asked = document.querySelectorAll("#chat .user-row");
    if (!asked.length) before = 0; // a new chat
    const first = asked[before]; // asked here and now, not found again
    const found = [...document.querySelectorAll("#chat .forecast-card > [content]")].filter(
      (card) => first?.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    for (const card of found.slice(forecasts)) tell({ forecast: JSON.parse(card.getAttribute("content")) });
    forecasts = found.length;
  };
  document.addEventListener("cryptosense:restored", () => {
    before = document.querySelectorAll("#chat .user-row").length;
    see();
  });
  document.addEventListener("cryptosense:alert", ({ detail }) => tell({ alert: detail ?? {} }));
  new MutationObserver(see).observe(document, {
    childList: true, subtree: true, characterData: true, attributeFilter: ["class"],
  });

  addEventListener("message", (event) => {
    if (event.source !== parent || event.origin !== host || typeof event.data?.ask !== "string") return;
    document.dispatchEvent(new CustomEvent("cryptosense:ask", { detail: event.data.ask.slice(0, 2000) }));
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && !event.defaultPrevented) tell("escape");
  });
  // Focus that enters without the Tab key lands on nothing: it belongs where one types.
  addEventListener("focus", () => setTimeout(() => document.activeElement === document.body && box()?.focus()));
})();
