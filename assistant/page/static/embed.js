// In a frame on another site: tells the widget around the chat what happens, and takes its questions.
// Both sides check origin and source of every message; the widget is api/widget/widget.js.
(() => {
  if (parent === window || new URLSearchParams(location.search).get("embed") !== "1") return;
  const origin = (address) => { try { return new URL(address).origin; } catch { return ""; } };
  const listed = document.querySelector('meta[name="cryptosense-origins"]')?.content.split(" ") ?? [];
  const host = location.ancestorOrigins?.[0] ?? origin(document.referrer);
  if (host !== location.origin && !listed.map(origin).includes(host)) return;

  let ready = false, forecasts = 0, asked = "", waiting = 0;
  const tell = (what) => parent.postMessage(what, host);
  // What the address asks for comes a moment after the page, with a greeting that would replace a question asked before.
  const box = () => document.querySelector("body:has(#name.opened) #box textarea");

  const ask = () => {
    const field = box(), send = document.querySelector('#box [data-testid="submit-button"]');
    if (!asked || waiting || !field || !send) return; // while a turn is running there is nothing to send with
    const text = field.value = asked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => send.click());
    waiting = setTimeout(() => { // a page that has just opened may not listen yet: then the text is still in the box
      waiting = 0;
      if (box()?.value !== text && asked === text) asked = "";
      ask();
    }, 1000);
  };

  const look = () => {
    if (!ready && box()) {
      ready = true;
      tell("ready");
    }
    const found = [...document.querySelectorAll("#chat .forecast-card > [content]")];
    for (const card of found.slice(forecasts)) tell({ forecast: JSON.parse(card.getAttribute("content")) });
    forecasts = found.length;
    ask();
  };
  new MutationObserver(look).observe(document, {
    childList: true, subtree: true, characterData: true, attributeFilter: ["class"],
  });

  addEventListener("message", (event) => {
    if (event.source !== parent || event.origin !== host || typeof event.data?.ask !== "string") return;
    asked = event.data.ask.slice(0, 2000);
    ask();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && !event.defaultPrevented) tell("escape");
  });
  // Focus that enters without the Tab key lands on nothing: it belongs where one types.
  addEventListener("focus", () => setTimeout(() => document.activeElement === document.body && box()?.focus()));
})();
