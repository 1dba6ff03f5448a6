// A question that is typed while another is answered waits above the box, and is asked when its turn has come.
(() => {
  const words = JSON.parse(document.querySelector('meta[name="cryptosense-words"]')?.content ?? "{}");
  const asked = new URLSearchParams(location.search);
  const MOST = 3, LONGEST = 2000; // questions, characters
  const name = `cryptosense waiting ${location.pathname} ${asked.get("site") ?? ""}`;
  const list = document.createElement("ul");
  list.id = "waiting";
  list.setAttribute("aria-label", words.waiting);
  let waiting = [];
  let given = -1; // how many questions there were when the newest of them was given on

  try { // a page that had to be loaded anew finds them again
    const kept = JSON.parse(sessionStorage.getItem(name) ?? "[]");
    waiting = kept.filter((each) => typeof each === "string").map((each) => each.slice(0, LONGEST)).slice(0, MOST);
  } catch { /* then none */ }

  const box = () => document.querySelector("#box textarea");
  const running = () => document.querySelector('#box [data-testid="stop-button"]') !== null;
  const send = (event, detail) => document.dispatchEvent(new CustomEvent(`cryptosense:${event}`, { detail }));
  const shown = () => {
    list.replaceChildren(...waiting.map((question, at) => {
      const item = document.createElement("li"), said = document.createElement("span"), button = document.createElement("button");
      said.textContent = question;
      button.type = "button";
      button.textContent = "\u2715";
      button.title = words.remove;
      button.setAttribute("aria-label", `${words.remove}: ${question}`);
      button.addEventListener("click", () => {
        waiting.splice(at, 1);
        shown();
        (list.querySelectorAll("button")[at] ?? box())?.focus();
      });
      item.append(said, button);
      return item;
    }));
    if (waiting.length) document.getElementById("composer")?.prepend(list);
    else list.remove();
    try { sessionStorage.setItem(name, JSON.stringify(waiting)); } catch { /* not kept */ }
  };
  const add = (question) => {
    if (waiting.length >= MOST) {
      send("say", words.full);
      return false;
    }
    waiting.push(question.slice(0, LONGEST));
    shown();
    next();
    return true;
  };
  const next = () => {
    const count = document.querySelectorAll("#chat .user-row").length;
    if (count !== given) given = -1;
    const ready = document.querySelector('html:not(.restoring, .lost) body:has(#name.opened) #box [data-testid="submit-button"]');
    if (!waiting.length || !ready || given !== -1) return;
    given = count;
    send("ask", waiting.shift());
    shown();
  };

  document.addEventListener("cryptosense:wait", ({ detail }) => add(detail));
  const later = (event) => {
    if (!running()) return;
    const typed = event.type === "keypress" && event.key === "Enter" && !event.shiftKey && event.target === box();
    const clicked = event.type === "click" ? event.target.closest?.("#suggestions button") : null;
    const question = typed ? box().value.trim() : clicked?.textContent.trim();
    if (!question) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!add(question) || !typed) return;
    box().value = "";
    box().dispatchEvent(new Event("input", { bubbles: true }));
  };
  addEventListener("keypress", later, true);
  addEventListener("click", later, true);
  document.addEventListener("click", ({ target }) => {
    if (!target.closest?.("#fresh")) return;
    waiting = [];
    shown();
  });
  new MutationObserver(() => {
    if (waiting.length && !list.isConnected) shown();
    next();
  }).observe(document, { childList: true, subtree: true, attributeFilter: ["class"] });
})();
