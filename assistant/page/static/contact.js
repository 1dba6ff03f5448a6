// A lost connection: says so, waits until the service answers again, and goes on where the visitor was.
// Gradio gives a page up that has lost its connection; it has to be loaded anew, and kept.js brings everything back.
(() => {
  // Gradio takes a message by a timer while the page is seen and at once while it is hidden: the first after the change
  // would overtake the last before it, and each says only how it differs from the one before.
  const timer = window.setTimeout;
  window.setTimeout = (call, time, ...told) => told[0]?.event_id ? void call(...told) : timer(call, time, ...told);

  const words = JSON.parse(document.querySelector('meta[name="cryptosense-words"]')?.content ?? "{}");
  const EVERY = 1000; // milliseconds between two tries
  const SILENT = 10_000; // milliseconds without a word after which an interrupted turn is given up
  const SLEPT = 15_000; // milliseconds that no timer ran
  const root = document.documentElement;
  let lost = false, leaving = false, cut = false, trying = false;
  let changed = Date.now(), sent = 0; // when the conversation changed, and a question was sent, for the last time

  const running = () => sent > changed || document.querySelector('#box [data-testid="stop-button"]') !== null;
  const say = () => {
    root.classList.toggle("lost", lost);
    let line = document.getElementById("contact");
    if (!line) {
      line = document.createElement("output");
      line.id = "contact";
      document.getElementById("composer")?.prepend(line);
    }
    line.textContent = !lost ? "" : navigator.onLine ? words.lost : words.offline;
  };
  const anew = () => {
    leaving = true;
    location.reload();
  };

  const answers = async () => {
    try {
      return (await fetch("gradio_api/app_id", { cache: "no-store", signal: AbortSignal.timeout(5000) })).ok;
    } catch {
      return false;
    }
  };
  const attempt = async () => { // until there is an answer
    if (trying || leaving) return;
    trying = true;
    while (!leaving && !(await answers())) {
      lost = true;
      say();
      await new Promise((done) => setTimeout(done, EVERY));
    }
    trying = false;
    if (leaving) return;
    if (cut) return anew();
    lost = false;
    say();
  };

  const giveUp = () => {
    cut = true;
    root.classList.add("cut");
    attempt();
  };

  // What Gradio says when it gives up stands over the page, in words for developers.
  const look = () => {
    for (const toast of document.querySelectorAll(".toast-body.error")) {
      if (!toast.textContent.includes("Attempting reconnection")) continue;
      toast.parentElement.hidden = true;
      giveUp();
    }
  };
  new MutationObserver((all) => {
    if (!cut && all.some(({ target }) => target.closest?.("#chat, #box"))) {
      changed = Date.now();
      delete root.dataset.sent;
    }
    if (all.some(({ target }) => !target.closest?.("#contact"))) look();
  }).observe(document, { childList: true, subtree: true });

  // A stream that ends while its turn is running was cut, by a proxy or a server that stops; Gradio would wait for ever.
  const ended = () => {
    const questions = document.querySelectorAll("#chat .user-row").length, then = changed;
    setTimeout(() => {
      const same = questions === document.querySelectorAll("#chat .user-row").length;
      if (!leaving && running() && same && changed === then) giveUp();
    }, 2000);
  };
  new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) {
      if (name.includes("/gradio_api/queue/join")) {
        sent = Date.now();
        root.dataset.sent = document.querySelector("#box textarea")?.value ?? ""; // kept.js asks it again
      }
      if (name.includes("/gradio_api/queue/data")) ended();
    }
  }).observe({ type: "resource" });

  // Nothing is no question: the server would not answer it, and that must not look like a lost connection.
  const nothing = (event) => {
    const sends = event.type === "click" ? '#box [data-testid="submit-button"]' : "#box textarea";
    if (event.type === "keypress" && (event.key !== "Enter" || event.shiftKey)) return;
    if (!event.target.closest?.(sends) || document.querySelector("#box textarea")?.value.trim()) return;
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", nothing, true);
  addEventListener("keypress", nothing, true);

  // After a sleep or a dead spot a stream may be silent for good.
  const woke = () => {
    attempt();
    const then = changed;
    if (running()) setTimeout(() => {
      if (!running() || changed !== then) return;
      giveUp();
    }, SILENT);
  };
  let beat = Date.now();
  setInterval(() => {
    if (Date.now() - beat > SLEPT) woke();
    beat = Date.now();
  }, EVERY);
  addEventListener("online", woke);
  addEventListener("offline", () => { lost = true; say(); attempt(); });
  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });
})();
