// The buttons under an answer: copy, share, ask again, change the question, save. What they are about is read off the
// page when one is pressed, since the chat is drawn anew with each change. static/export.js saves.
(() => {
  const words = JSON.parse(document.querySelector('meta[name="cryptosense-words"]')?.content ?? "{}");
  const ICONS = { // in 24 by 24, drawn with a line
    copy: "M9 9h11v11H9zM15 9V4H4v11h5",
    share: "M4 13v7h16v-7M12 15V3M7.5 7.5 12 3l4.5 4.5",
    retry: "M20 12a8 8 0 1 1-2.5-5.800L20 8.5M20 3v5.5h-5.5",
    edit: "M4 20l1-5L16 4l4 4L9 19zM13.5 6.5l4 4",
    csv: "M4 4h16v16H4zM4 10h16M4 15h16M10 4v16",
    png: "M4 4h16v16H4zM4 16l5-5 4 4 3-3 4 4M9 8h.01",
  };
  const TOLD = 3000; // milliseconds
  let editing = null; // what stood in the box before, and how many questions there were
  let forgotten = 0;

  const box = () => document.querySelector("#box textarea");
  const fill = (value) => {
    box().value = value;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  };
  const send = (name, detail) => document.dispatchEvent(new CustomEvent(`cryptosense:${name}`, { detail }));
  const make = (tag, set, ...inside) => {
    const made = Object.assign(document.createElement(tag), set);
    made.append(...inside);
    return made;
  };
  const toast = make("output", { id: "toast" });
  const say = (said) => {
    if (!toast.isConnected) document.body.append(toast);
    toast.textContent = said;
    clearTimeout(forgotten);
    forgotten = setTimeout(() => { toast.textContent = ""; }, TOLD);
  };
  document.addEventListener("cryptosense:say", ({ detail }) => say(detail));

  const questions = () => [...document.querySelectorAll("#chat .user-row")];
  const rowAsked = (row) => questions().filter((each) => each.compareDocumentPosition(row) & Node.DOCUMENT_POSITION_FOLLOWING).at(-1);
  const SIGNS = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#91;": "[", "&#96;": "`" };
  const question = (row) => { // as it was typed: what is shown is marked up
    const part = rowAsked(row).querySelector('[data-testid="user"]');
    const source = part.getAttribute("aria-label")?.replace(/^.*?: /, "").replace(/&(amp|lt|gt|#91|#96);/g, (sign) => SIGNS[sign]);
    return (source ?? part.innerText).trim();
  };
  const answer = (row) => {
    const said = [...row.querySelectorAll('[data-testid="bot"]:not(:has(.thought-group, .forecast-card, .alert-card))')];
    const parts = said.length ? said : [...row.querySelectorAll(".forecast-card")];
    return parts.map((part) => part.innerText.trim()).join("\n\n");
  };

  const clip = async (copied, told) => {
    try {
      await navigator.clipboard.writeText(copied);
      say(told);
    } catch { // a frame may not, unless the site around it allows it
      const held = make("textarea", { value: copied, className: "unseen" }), before = document.activeElement;
      document.body.append(held);
      held.select();
      say(document.execCommand("copy") ? told : words.failed);
      held.remove();
      before?.focus();
    }
  };
  const share = async (asked) => {
    const spoken = words.lang === "en" ? {} : { lang: words.lang }; // whoever draws a preview of it asks in no language
    const url = `${location.origin}${location.pathname}?${new URLSearchParams({ q: asked, ...spoken })}`;
    try {
      if (navigator.share) return await navigator.share({ title: asked, url });
    } catch (refused) {
      if (refused.name === "AbortError") return undefined; // by the visitor
    }
    return clip(url, words.shared);
  };

  // The last question is asked in other words: what is sent takes the place of it and its answer.
  const line = make("div", { id: "editing" }, make("span", { textContent: words.editing }), make("button", { type: "button", textContent: words.cancel, onclick: () => leave(true) }));
  const edit = (row) => {
    const last = questions().at(-1) === rowAsked(row);
    if (last) editing ??= { draft: box().value, count: questions().length };
    fill(question(row));
    box().focus();
    if (last) document.getElementById("composer").prepend(line);
    else leave(false);
  };
  const leave = (cancelled) => {
    if (!editing) return;
    if (cancelled) {
      fill(editing.draft);
      box().focus();
    }
    editing = null;
    line.remove();
  };
  const sent = (event) => {
    const sends = event.type === "click" ? '#box [data-testid="submit-button"]' : "#box textarea";
    if (!editing || !event.target.closest?.(sends) || !box().value.trim()) return;
    if (event.type === "keypress" && (event.key !== "Enter" || event.shiftKey)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const asked = box().value;
    fill("");
    leave(false);
    send("replace", asked);
  };
  addEventListener("keypress", sent, true);
  addEventListener("click", sent, true);
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !editing) return;
    event.preventDefault(); // or the widget would close
    leave(true);
  }, true);

  const acts = {
    copy: (row) => clip(answer(row), words.copied),
    share: (row) => share(question(row)),
    retry: (row) => send("wait", question(row)), // asked at once where nothing is running
    edit,
    csv: (row) => send("export", { row, kind: "csv" }),
    png: (row) => send("export", { row, kind: "png" }),
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("#chat .actions button");
    if (button) acts[button.dataset.act](button.closest(".message-buttons").previousElementSibling);
  });

  const icon = (path) => {
    const of = (tag, set) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(set)) made.setAttribute(name, value);
      return made;
    };
    const drawn = of("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
    drawn.append(of("path", { d: path }));
    return drawn;
  };
  const buttons = () => {
    const group = make("div", { className: "actions" });
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.actions);
    for (const [act, path] of Object.entries(ICONS)) {
      const button = make("button", { type: "button", title: words[act] }, icon(path));
      button.setAttribute("aria-label", words[act]);
      button.dataset.act = act;
      group.append(button);
    }
    return group;
  };
  new MutationObserver(() => {
    for (const place of document.querySelectorAll("#chat .user-row ~ .message-buttons")) {
      if (!place.querySelector(".actions")) place.prepend(buttons());
    }
    if (editing && questions().length !== editing.count) leave(false);
  }).observe(document, { childList: true, subtree: true });
})();
