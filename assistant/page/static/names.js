// What somebody who hears the page, or has no mouse, needs to know: who speaks, what has been answered, what scrolls.
// Most of it is Gradio's own markup, which is drawn anew with each change; so whatever is said here is said again.
(() => {
  const words = JSON.parse(document.querySelector('meta[name="cryptosense-words"]')?.content ?? "{}");
  const LONGEST = 2000; // characters that are read out
  const heard = document.createElement("div");
  heard.className = "unseen";
  heard.setAttribute("role", "status");
  let answers = 0; // that were there before, or have been read out
  let due = false;

  const spoken = (row) => [...row.querySelectorAll('[data-testid="bot"]:not(:has(.thought-group, .forecast-card, .alert-card))')]
    .map((part) => part.innerText.trim()).filter(Boolean).join("\n");

  const speakers = () => {
    for (const row of document.querySelectorAll("#chat .message-row")) {
      row.dataset.speaker = row.classList.contains("user-row") ? words.you : words.me;
    }
    // the source text of a message as its name: for a step that is JSON, for words it is marked up
    for (const part of document.querySelectorAll('#chat [data-testid="bot"][aria-label]')) part.removeAttribute("aria-label");
  };

  // A step is a button with a button inside: one of them is enough.
  const steps = () => {
    for (const title of document.querySelectorAll("#chat .thought-group .title")) {
      const open = String(title.nextElementSibling !== null), arrow = title.querySelector(".arrow button");
      if (title.getAttribute("aria-expanded") !== open) title.setAttribute("aria-expanded", open);
      if (arrow && !arrow.disabled) {
        arrow.disabled = true;
        arrow.setAttribute("aria-hidden", "true");
      }
    }
  };

  // What is longer than its place must be reached by keyboard, and have a name.
  const scrolled = () => {
    const named = [["#chat .bubble-wrap"], ["#tab-report"], ["#tab-record"], ["#ticker", words.prices], ["#ticker .coins", words.prices], [".page .wide", words.table]];
    for (const [selector, name] of named) {
      for (const each of document.querySelectorAll(selector)) {
        const overflow = getComputedStyle(each), rolls = (how) => how === "auto" || how === "scroll";
        const scrolls = (rolls(overflow.overflowX) && each.scrollWidth > each.clientWidth)
          || (rolls(overflow.overflowY) && each.scrollHeight > each.clientHeight);
        if (scrolls === "scrolls" in each.dataset) continue;
        if (scrolls) {
          each.dataset.scrolls = "";
          each.tabIndex = 0;
        } else {
          delete each.dataset.scrolls;
          each.removeAttribute("tabindex");
        }
        if (!name) continue; // it is a log or a panel already
        each.setAttribute("role", "group");
        each.setAttribute("aria-label", each.querySelector("caption")?.textContent ?? name);
      }
    }
  };

  // The log would be read out piece by piece while it is written: an answer is read out once, when it is whole.
  const aloud = () => {
    const log = document.querySelector("#chat [role=log]"), root = document.documentElement;
    if (log && log.getAttribute("aria-live") !== "off") log.setAttribute("aria-live", "off");
    const rows = document.querySelectorAll("#chat .user-row ~ .bot-row");
    if (!document.querySelector("#name.opened") || root.classList.contains("restoring")) return;
    if (rows.length < answers) answers = rows.length; // a new chat
    if (rows.length === answers || !document.querySelector('#box [data-testid="submit-button"]')) return;
    const row = rows[rows.length - 1];
    const said = spoken(row) || row.querySelector(".forecast-card")?.innerText || "";
    if (!said) return;
    answers = rows.length;
    heard.textContent = `${words.me} ${said.slice(0, LONGEST)}`;
  };

  const look = () => {
    due = false;
    if (!heard.isConnected) document.body.append(heard);
    speakers();
    steps();
    scrolled();
    aloud();
  };
  const soon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(look);
  };
  document.addEventListener("cryptosense:restored", () => {
    answers = document.querySelectorAll("#chat .user-row ~ .bot-row").length;
  });
  new MutationObserver(soon).observe(document, { childList: true, subtree: true, characterData: true, attributeFilter: ["class"] });
  addEventListener("resize", soon);
})();
