// In a frame on another site: tells the widget around the chat what happens, and takes its questions.
// Both sides check origin and source of every message; the widget is api/widget/widget.js.
(() => {
  if (parent === window || new URLSearchParams(location.search).get("embed") !== "1") return;
  const origin = (address) => { try { return new URL(address).origin; } catch { return ""; } };
  const listed = document.querySelector('meta[name="cryptosense-origins"]')?.content.split(" ") ?? [];
  const host = location.ancestorOrigins?.[0] ?? origin(document.referrer);
  if (host !== location.origin && !listed.map(origin).includes(host)) return;

  let ready = false, forecasts = 0, before = 0;
  const tell = (what) => parent.postMessage(what, host);
  // What the address asks for and what the browser has kept come a moment after the page.
  const box = () => document.querySelector("html:not(.restoring) body:has(#name.opened) #box textarea");

  const look = () => {
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
    look();
  });
  new MutationObserver(look).observe(document, {
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
