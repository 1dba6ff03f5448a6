(() => {
  let question = null; // the newest one: it stays in view while its reply grows, so that a reply is read from its top
  let following = true;

  const release = () => { following = false; };
  for (const gesture of ["wheel", "touchmove", "keydown"]) addEventListener(gesture, release, { passive: true });

  new MutationObserver(() => {
    // The chatbot names a message for screen readers by its source text; a card has better words of its own.
    for (const card of document.querySelectorAll(".forecast-card")) {
      card.closest('[data-testid="bot"][aria-label]')?.removeAttribute("aria-label");
    }
    const asked = [...document.querySelectorAll("#chat .user-row")].at(-1) ?? null;
    if (asked !== question) { question = asked; following = true; }
    const scroller = document.querySelector("#chat .bubble-wrap");
    if (question && following) {
      scroller.scrollTop += question.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 12;
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
})();
