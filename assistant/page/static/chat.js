(() => {
  // What the address asks for and must be known before anything is drawn: the compact form, and light or dark.
  const asked = new URLSearchParams(location.search);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone; // times are read and told on the visitor's clock
  if (zone && asked.get("timezone") !== zone) {
    asked.set("timezone", zone);
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

  let question = null; // the newest one: it stays in view while its reply grows, so that a reply is read from its top
  let following = true;

  const release = () => { following = false; };
  for (const gesture of ["wheel", "touchmove", "keydown"]) addEventListener(gesture, release, { passive: true });

  new MutationObserver(() => {
    // The chatbot names a message for screen readers by its source text; a card has better words of its own.
    for (const card of document.querySelectorAll(".forecast-card")) {
      card.closest('[data-testid="bot"][aria-label]')?.removeAttribute("aria-label");
    }
    // A step is a button with a button inside: one stop for the keyboard is enough, and the inner one has no name.
    for (const arrow of document.querySelectorAll('#chat .thought-group .arrow button:not([aria-hidden])')) {
      arrow.tabIndex = -1;
      arrow.setAttribute("aria-hidden", "true");
    }
    for (const [part, name] of [["submit", "Send"], ["stop", "Stop"]]) {
      document.querySelector(`[data-testid="${part}-button"]:not([aria-label])`)?.setAttribute("aria-label", name);
    }
    const asked = [...document.querySelectorAll("#chat .user-row")].at(-1) ?? null;
    if (asked !== question) { question = asked; following = true; }
    const scroller = document.querySelector("#chat .bubble-wrap");
    if (question && following) {
      scroller.scrollTop += question.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 12;
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
})();
