// Where the conversation is scrolled to: a new question comes to the top, where its reply is read from its beginning.
// After that nothing moves by itself, unless the visitor is at the end: then it stays at the end.
(() => {
  const NEAR = 24; // pixels that still count as the end
  let scroller = null, question = null, place = 0;
  let follows = ""; // "question" until it has reached the top, "end", or nothing

  const end = () => scroller.scrollHeight - scroller.clientHeight;
  const notice = () => { // whether the visitor has scrolled: by wheel, finger, key, scrollbar or arrow
    const now = scroller.scrollTop;
    if (Math.abs(now - place) < 1 || (now < place && end() - now < 1)) return; // the latter where less is shown than before
    follows = now >= end() - NEAR ? "end" : "";
    place = now;
  };
  const move = () => {
    notice();
    if (follows === "question") {
      scroller.scrollTop += question.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 12;
    } else if (follows === "end") scroller.scrollTop = end();
    place = scroller.scrollTop;
  };

  const look = () => {
    const found = document.querySelector("#chat .bubble-wrap");
    if (found !== scroller) {
      scroller = found;
      question = null;
      scroller?.addEventListener("scroll", notice, { passive: true });
      const resized = new ResizeObserver(move);
      if (scroller) for (const each of [scroller, ...scroller.children]) resized.observe(each); // a keyboard, a picture
    }
    if (!scroller) return;
    const newest = [...scroller.querySelectorAll(".user-row")].at(-1) ?? null;
    if (newest !== question) {
      place = scroller.scrollTop;
      question = newest;
      follows = question ? "question" : "";
    }
    move();
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
})();
