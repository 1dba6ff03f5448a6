(() => {
  // What the address asks for and must be known before anything is drawn: the compact form, and light or dark.
  const asked = new URLSearchParams(location.search);
  const words = JSON.parse(document.querySelector('meta[name="cryptosense-words"]')?.content ?? "{}");
  document.documentElement.style.setProperty("--advice", JSON.stringify(words.advice ?? "")); // on low screens
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone; // times are read and told on the visitor's clock
  const here = { timezone: zone, lang: asked.get("lang") ?? words.lang }; // the document chose it by the browser's languages
  if (Object.entries(here).some(([key, value]) => value && asked.get(key) !== value)) {
    for (const [key, value] of Object.entries(here)) if (value) asked.set(key, value);
    history.replaceState(history.state, "", `?${asked}${location.hash}`);
  }
  if (asked.get("embed") === "1") document.documentElement.classList.add("embed");
  const theme = asked.get("theme");
  if (theme === "light" || theme === "dark") {
    const wear = () => {
      if (document.body.classList.contains("dark") !== (theme === "dark")) document.body.classList.toggle("dark");
    };
    wear();
    new MutationObserver(wear).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  // What a keyboard or a small window leaves: too low a page folds all but the conversation and the box.
  const view = visualViewport, LOW = 480; // pixels
  const fit = () => {
    const height = Math.round(view.height * view.scale); // enlarged with two fingers it is as low as before
    document.documentElement.style.setProperty("--height", `${height}px`);
    document.documentElement.classList.toggle("low", height <= LOW);
  };
  fit();
  view.addEventListener("resize", fit);

  // On a small screen the words of an answer with a card are two lines, until they are wanted.
  const unfold = (event) => {
    if (event.type === "keydown" && event.key !== "Enter") return;
    const words = event.target.closest?.("#chat .words");
    if (words && getSelection().isCollapsed) words.classList.toggle("whole");
  };
  addEventListener("click", unfold);
  addEventListener("keydown", unfold);

  new MutationObserver(() => {
    for (const row of document.querySelectorAll("#chat .bot-row:has(.forecast-card)")) {
      for (const words of row.querySelectorAll('[data-testid="bot"]:not(.words):not(:has(.thought-group)):not(:has(.forecast-card))')) {
        words.classList.add("words");
        words.tabIndex = 0; // Enter shows them whole
      }
      for (const card of row.querySelectorAll(".words:has(.forecast-card)")) { // it stood where words stood before
        card.classList.remove("words", "whole");
        card.removeAttribute("tabindex");
      }
    }
    for (const row of document.querySelectorAll("#chat .bot-row:not(.stopped)")) { // nothing to judge there
      const last = [...row.querySelectorAll('[data-testid="bot"]')].at(-1);
      if (words.stopped && last?.textContent.trim() === words.stopped) row.classList.add("stopped");
    }
    // The chatbot names a message for screen readers by its source text; a card has better words of its own.
    for (const card of document.querySelectorAll(".forecast-card")) {
      card.closest('[data-testid="bot"][aria-label]')?.removeAttribute("aria-label");
    }
    for (const [part, name] of [["submit", words.send], ["stop", words.stop]]) {
      document.querySelector(`[data-testid="${part}-button"]:not([aria-label])`)?.setAttribute("aria-label", name);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
})();
