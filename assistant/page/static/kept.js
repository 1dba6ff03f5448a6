// Keeps the conversation and the draft in the visitor's browser, so that a reload, the way back and the next page of the
// site around the chat find them again; asks what the address, the site or a lost connection left to be asked.
// The server (assistant/page/app.py) tells in #kept what was said, turn by turn, and shows what is written there.
(() => {
  const MOST = 400_000; // characters: older turns give way
  const PATIENCE = 1000; // milliseconds until something is tried again: a page that has just opened may not listen yet
  const TRIES = 8; // until less is given back
  const asked = new URLSearchParams(location.search), embedded = asked.get("embed") === "1";
  const site = parent === window ? "" : location.ancestorOrigins?.[0] ?? asked.get("site") ?? "";
  const name = (what) => `cryptosense ${what} ${location.pathname} ${site}`;

  // Where a browser denies storage to the frames of other sites, what stands in the frame's history survives a reload.
  const read = (what) => {
    try { return sessionStorage.getItem(name(what)) ?? ""; } catch { return String(history.state?.[name(what)] ?? ""); }
  };
  const write = (what, text) => {
    try {
      sessionStorage.setItem(name(what), text);
    } catch {
      try { history.replaceState({ ...history.state, [name(what)]: text }, ""); } catch { /* then it is not kept */ }
    }
  };
  const parsed = (text) => { try { return JSON.parse(text); } catch { return null; } };
  const address = (key, value) => {
    const now = new URLSearchParams(location.search);
    if (value) now.set(key, value);
    else now.delete(key);
    history.replaceState(history.state, "", `?${now}${location.hash}`);
  };

  let turns = parsed(read("turns"));
  if (!Array.isArray(turns)) turns = [];
  let draft = read("draft"), typing = read("typing") !== "";
  let restoring = turns.length > 0, written = 0, tries = 0, heard = "";
  const questions = asked.get("q")?.trim() ? [asked.get("q").slice(0, 2001)] : [];
  let sending = 0; // when the first of them was sent
  let opened = false, clearing = false;
  document.documentElement.classList.toggle("restoring", restoring);

  const box = () => document.querySelector("#box textarea");
  const fill = (field, text) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const keep = () => {
    while (turns.length > 1 && JSON.stringify(turns).length > MOST) turns.shift();
    write("turns", turns.length ? JSON.stringify(turns) : "");
  };

  // A question without an answer is asked again by itself, once; then it is the visitor's to send.
  const again = (question) => {
    if (question === read("again")) {
      draft ||= question;
      return;
    }
    write("again", question);
    questions.unshift(question);
  };
  // The server has shown what we gave it.
  const found = (told) => {
    if (told.restored && !document.querySelector("#chat .user-row")) return false; // not yet drawn
    turns = turns.filter((turn) => turn?.done).slice(-told.restored || turns.length);
    if (told.unanswered) again(told.unanswered);
    back();
    return true;
  };
  const back = () => {
    const told = restoring;
    restoring = false;
    if (read("sent")) again(read("sent"));
    write("sent", "");
    keep();
    document.documentElement.classList.remove("restoring");
    document.querySelector("#composer").inert = false;
    if (draft && !box().value) fill(box(), draft);
    if (typing) box().focus();
    if (told) document.dispatchEvent(new Event("cryptosense:restored"));
  };

  const hear = (text) => {
    const told = parsed(text);
    if (restoring) return typeof told?.restored !== "number" || found(told);
    if (typeof told?.turns !== "number") return true;
    if (turns.at(-1)?.done === false) turns.pop();
    turns = told.turns ? [...turns, { done: told.done, messages: told.messages }].slice(-told.turns) : [];
    if (told.done) write("again", "");
    keep();
    return true;
  };

  const ask = () => {
    const field = box(), send = document.querySelector('#box [data-testid="submit-button"]');
    if (sending && field?.value !== questions[0]) { // it has been taken
      sending = 0;
      questions.shift();
      if (asked.get("q")) address("q", "");
      if (draft && !field.value) fill(field, draft);
    }
    if (!questions.length || !field || !send || restoring || Date.now() - sending < PATIENCE) return;
    if (document.documentElement.classList.contains("lost")) return;
    if (clearing && document.querySelector("#chat .user-row")) return; // its answer goes first
    clearing = false;
    draft = sending ? draft : field.value; // while a turn is running there is nothing to send with, and we come again
    sending = Date.now();
    fill(field, questions[0]);
    setTimeout(() => send.click());
    setTimeout(look, PATIENCE + 50);
  };

  const pause = () => PATIENCE * 2 ** (tries % TRIES >> 1); // ever longer: all tries together take half a minute
  const look = () => {
    const slot = document.querySelector("#kept textarea"), composer = document.querySelector("#composer");
    if (!slot || !composer || !box()) return;
    if (restoring) composer.inert = true; // what is asked now would be overwritten
    if (!document.querySelector("#name.opened")) return; // what the address asks for has not been shown yet
    if (!opened) {
      opened = true;
      if (!embedded) document.getElementById(`tab-${asked.get("tab")}-button`)?.click();
      if (!restoring) back();
    }
    if (slot.value !== heard && slot.value !== "" && hear(slot.value)) heard = slot.value;
    if (restoring && Date.now() - written > pause()) {
      written = Date.now();
      if (++tries % TRIES === 0) turns.splice(0, Math.ceil(turns.length / 2)); // may be more than the service takes
      if (!turns.length) return back();
      fill(slot, heard = JSON.stringify(turns));
      setTimeout(() => document.getElementById("restore").click());
      setTimeout(look, pause() + 50);
    }
    ask();
  };
  const soon = () => { look(); setTimeout(look); }; // a field's value changes without a mutation, a moment later
  new MutationObserver(soon).observe(document, { childList: true, subtree: true, attributeFilter: ["class"] });

  // Another question in place of the last one: what was before it is shown again, and then it is asked.
  document.addEventListener("cryptosense:replace", ({ detail }) => {
    if (restoring || questions.length) return;
    typing = document.activeElement === box();
    turns.pop();
    keep();
    questions.push(detail);
    clearing = !turns.length;
    if (clearing) document.getElementById("fresh").click();
    restoring = !clearing;
    written = tries = 0;
    look();
  });
  document.addEventListener("cryptosense:ask", ({ detail }) => { questions.push(detail); look(); });
  document.addEventListener("input", ({ target }) => {
    if (target !== box() || sending || restoring) return;
    draft = target.value;
    write("draft", draft);
  });
  addEventListener("pagehide", () => {
    if (restoring) return;
    const text = box()?.value ?? "", root = document.documentElement;
    const lost = text !== "" && root.classList.contains("cut") && root.dataset.sent === text; // it was never taken
    write("sent", lost ? text : "");
    write("draft", sending ? draft : lost ? "" : text);
    write("typing", document.activeElement === box() ? "1" : "");
  });
  document.addEventListener("click", ({ target }) => {
    const tab = target.closest?.("#tabs [role=tab]")?.id.match(/^tab-(\w+)-button$/)?.[1];
    if (tab && !embedded) address("tab", tab === "chat" ? "" : tab);
  });
})();
