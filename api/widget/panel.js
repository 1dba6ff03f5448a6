// The panel of the widget, loaded at the first click: a frame with the chat, what the site may call, and what it hears.
// Its origin and source are checked with every message; static/embed.js of the page is the other side.
const WORDS = {
  en: ["One moment…", "The chat cannot be reached.", "Try again", "Close"],
  de: ["Einen Moment…", "Der Chat ist nicht erreichbar.", "Erneut versuchen", "Schließen"],
  es: ["Un momento…", "No se puede acceder al chat.", "Reintentar", "Cerrar"],
  fr: ["Un instant…", "Le chat est injoignable.", "Réessayer", "Fermer"],
  pt: ["Um momento…", "O chat não está acessível.", "Tentar novamente", "Fechar"],
  zh: ["请稍候…", "无法连接到聊天。", "重试", "关闭"],
};
const TO_THE_PAGE = ["title", "greeting", "suggestions", "symbol", "theme", "accent", "background", "font"];
const OPTIONS = new RegExp("^(?:" + [
  "(title|greeting|suggestions|inline)=.", "symbol=[a-z0-9]{1,12}-USD$", "position=bottom-(left|right)$", "theme=(light|dark|auto)$",
  "(accent|background)=#[a-f0-9]{6}$", "font=[a-z][a-z0-9 ,-]{0,98}$", "lang=(en|de|es|fr|pt|zh)(-|$)", "bubble=(label|icon|both)$",
  "open=(load|\\d{1,4})$", "hide=/", "(offsetX|offsetY|zIndex)=\\d{1,9}$", "(width|height)=([3-9]|1\\d)\\d\\d$",
].join("|") + ")", "i");
const ONLY_THE_PAGE_HAS_READ = 4000; // milliseconds: a page that is not ours has loaded, or one that is starting
const LONGEST = 30_000; // milliseconds until the chat is there

const hint = text => console.warn("CryptoSense: " + text);
const tell = (type, detail) => dispatchEvent(new CustomEvent("cryptosense:" + type, { detail }));
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

// What can be used of the options; the rest is named once.
function usable(set, place) {
  const used = { ...set };
  const wrong = Object.keys(used).filter(name => !OPTIONS.test(`${name}=${used[name]}`) && delete used[name]);
  if (used.inline && !place) wrong.push("inline");
  if (used.background) {
    const light = brightness(used.background);
    if (light <= .08 || light >= .36) used.theme = light < .2 ? "dark" : "light"; // the palest words have a contrast of 4.5
    else {
      wrong.push("background (neither light nor dark enough to read on)");
      delete used.background;
    }
  }
  if (wrong.length) hint("ignored " + wrong.map(name => name.replace(/[A-Z]/g, sign => "-" + sign.toLowerCase())).join(", "));
  return used;
}

// Relative luminance of #rrggbb, 0 to 1.
function brightness(colour) {
  const [red, green, blue] = colour.match(/[\da-f]{2}/gi).map(part => (parseInt(part, 16) / 255) ** 2.2);
  return .2126 * red + .7152 * green + .0722 * blue;
}

function style({ place, side, get }, used) {
  const width = used.width ?? 400, height = used.height ?? 640, x = get("offsetX", 20), y = get("offsetY", 20);
  const scheme = { light: "light", dark: "dark" }[used.theme] ?? "light dark";
  const below = `${y}px - var(--up,0px) - 60px`; // what the bubble takes
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:host{color-scheme:${scheme}!important}
*{box-sizing:border-box;margin:0}
section,section *{font:400 15px/1.45 system-ui}
section{overflow:hidden;background:Canvas;color:CanvasText;pointer-events:auto}
[hidden]{display:none!important}
output{position:absolute;inset:0;display:flex;flex-direction:column;align-items:start;gap:14px;padding:24px;padding-inline-end:60px;background:Canvas}
iframe{display:block;width:100%;height:100%;border:0}
section button{padding:9px 16px;font-weight:600;border:1px solid transparent}
section .close{position:absolute;top:3px;inset-inline-end:5px;width:40px;height:40px;padding:0;font-size:18px;border-radius:12px;background:none;color:inherit}
sup{position:absolute;top:-8px;inset-inline-end:-6px;min-width:22px;padding:0 6px;border-radius:11px;background:#c4373d;color:#fff;font:700 13px/22px system-ui;text-align:center}
sup:empty{display:none}` + (place ? `
div,section{position:relative}
section{height:min(${height}px,100dvh - 100px)}` : `
section{position:absolute;${side}:${x}px;bottom:calc(${y}px + var(--up,0px) + 60px);width:min(${width}px,100% - ${2 * x}px);height:min(${height}px,100% - ${below} - 20px);border-radius:16px;box-shadow:0 6px 24px #0005;outline:1px solid #8883}
@container(max-width:480px) or (max-height:480px){section{inset:0;width:auto;height:auto;border-radius:0}[aria-expanded=true]{visibility:hidden}}`));
  return sheet;
}

export default parts => {
  const { set, lang, title, place, base, host, stage, bubble, off, fit } = parts;
  const used = usable(set, place);
  const [moment, gone, again, close] = WORDS[lang];
  let open = false, quiet = false, frame, heard = false, ready = false, question, before, timer, alerts = 0;

  const panel = make("section", { id: "panel", role: "dialog", ariaLabel: title, hidden: true });
  const note = make("output"), badge = make("sup"), text = make("span");
  const retry = make("button", { textContent: again, onclick: () => load() });
  const cross = make("button", { className: "close", textContent: "✕", ariaLabel: close, title: close, onclick: () => show(false) });
  note.append(text, retry);
  panel.append(note, ...place ? [] : [cross]);
  stage.append(panel);
  stage.dir = getComputedStyle(document.body).direction;
  stage.getRootNode().adoptedStyleSheets.push(style(parts, used));
  bubble.setAttribute("aria-controls", "panel");
  bubble.textContent = title;
  bubble.className = used.bubble ?? "";
  bubble.append(badge);

  const address = () => {
    const asked = TO_THE_PAGE.filter(name => used[name]).map(name => [name, used[name]]);
    const own = (used.lang ?? document.documentElement.lang).slice(0, 2).toLowerCase();
    if (WORDS[own]) asked.push(["lang", own]); // else the browser's, which the page knows by itself
    if (!place) asked.push(["close", stage.dir === "rtl" ? "left" : "right"]);
    return `${base}?embed=1&${new URLSearchParams([["site", origin], ...asked])}`;
  };
  const within = milliseconds => {
    clearTimeout(timer);
    timer = setTimeout(fail, milliseconds);
  };
  const load = () => {
    frame?.remove();
    heard = ready = false;
    text.textContent = moment;
    note.hidden = false;
    retry.hidden = true;
    frame = make("iframe", { title, referrerPolicy: "origin", src: address() });
    frame.onload = () => heard || within(ONLY_THE_PAGE_HAS_READ);
    panel.prepend(frame);
    within(LONGEST);
  };
  const fail = () => {
    frame = frame.remove();
    text.textContent = gone;
    retry.hidden = false;
  };
  const enter = () => {
    if (!ready || !open) return;
    const left = document.activeElement === before || before === host && document.activeElement === document.body;
    if (left && !place && !quiet) frame.focus();
    if (question) frame.contentWindow.postMessage({ ask: question }, base.origin);
    question = "";
  };
  const count = number => {
    alerts = number;
    badge.textContent = number || "";
  };
  const show = on => {
    if (on === open) return;
    before = document.activeElement;
    open = on;
    panel.hidden = !on;
    bubble.ariaExpanded = on;
    fit(on);
    if (on) frame || load(), count(0);
    else if (before === host) bubble.focus();
    tell(on ? "open" : "close");
    enter();
  };

  host.addEventListener("keydown", event => {
    if (event.key === "Escape" && !place) show(false);
  });
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== frame?.contentWindow || origin !== base.origin) return;
    if (data === "hello") {
      heard = true;
      if (!ready) within(2 * LONGEST); // it comes, however slowly
    }
    if (data === "escape" && !place) show(false);
    if (data === "ready") {
      clearTimeout(timer);
      note.hidden = heard = ready = true;
      tell(data);
      enter();
    }
    if (data?.forecast) tell("forecast", data.forecast);
    if (data?.alert) {
      if (!open) count(alerts + 1);
      tell("alert", data.alert);
    }
  }, off);

  return {
    open(itself) {
      if (itself && (open || stage.clientWidth <= 480)) return; // on a small screen it would cover the page
      quiet = Boolean(itself);
      show(true);
    },
    close: () => place || show(false),
    toggle() {
      quiet = false;
      show(!open);
    },
    ask(asked) {
      question = String(asked);
      show(true);
      enter();
    },
  };
};
