// The bubble, all that a site loads before the click: panel.js has the rest, and checks the options. Options: /widget
(() => {
  const me = document.currentScript, page = document.documentElement, view = visualViewport;
  if (!me || window.CryptoSense) return console.warn("CryptoSense: one script a page");

  const set = me.dataset, get = (name, usual, valid = /^\d{1,9}$/) => valid.test(set[name]) ? set[name] : usual;
  const place = document.getElementById(set.inline?.slice(1)), base = new URL(".", me.src);
  const names = { en: "Ask me anything", de: "Frag mich etwas", es: "Pregúntame", fr: "Une question ?", pt: "Pergunte-me", zh: "随便问我" };
  const lang = [set.lang, page.lang, ...navigator.languages, "en"].map(each => each?.slice(0, 2).toLowerCase()).find(each => names[each]);
  const side = get("position", me.matches(":dir(rtl)") ? "-left" : "-right", /^bottom-(left|right)$/).split("-")[1];

  // The stage covers what is seen of the page.
  const host = document.createElement("cryptosense-chat"), stage = document.createElement("div"), bubble = document.createElement("button");
  const root = host.attachShadow({ mode: "closed" }), sheet = new CSSStyleSheet();
  const title = bubble.textContent = set.title?.trim() || names[lang];
  bubble.className = set.bubble;
  bubble.ariaExpanded = false;
  bubble.onclick = () => act("toggle");
  root.append(stage);
  root.adoptedStyleSheets = [sheet];
  sheet.replaceSync(`:host{all:initial!important}
button{padding:14px;border:1px solid #0000;border-radius:16px;font:600 15px system-ui;background:${get("accent", "#006677", /^#[\da-f]{6}$/i)};color:#fff;pointer-events:auto}
[aria-busy=true]{opacity:.7}` + (place ? "" : `
div{position:fixed;inset:0;z-index:${get("zIndex", 999999999)};pointer-events:none;container-type:size;transform-origin:0 0}
div>button{position:absolute;${side}:${get("offsetX", 20)}px;bottom:calc(${get("offsetY", 20)}px + var(--up,0px));box-shadow:0 6px 24px #0005}
.icon:before,.both:before{content:"";float:left;width:22px;height:18px;margin:0 .5em 0 0;background:#fff;border-radius:8px 8px 8px 0}
.icon{font-size:0}`));

  // A page may be wider than the screen, or half under a keyboard, or enlarged, which is not undone.
  let panel, tries = "", timer;
  const fit = anew => {
    const { width, height, scale, offsetLeft, offsetTop } = view, grow = scale < 1 ? 1 / scale : Math.min(1, width / 320);
    if (scale <= 1 || anew === true) stage.style = scale === 1 && height === innerHeight ? "" :
      `width:${width / grow}px;height:${height / grow}px;transform:translate(${offsetLeft}px,${offsetTop}px)scale(${grow})`;
  };
  const mind = () => {
    timer = 0;
    stage.hidden = set.hide?.split(/, */).some(each => each === location.pathname || each.endsWith("*") && location.pathname.startsWith(each.slice(0, -1)));
    if (set.offsetY || bubble.ariaExpanded === "true") return;
    // It steps aside from what the site has fixed there, such as a cookie bar.
    host.style = "";
    const { left, bottom } = bubble.getBoundingClientRect();
    const bar = document.elementsFromPoint(left, bottom - 1).find(each => /fixed|sticky/.test(getComputedStyle(each).position))?.getBoundingClientRect();
    if (bar?.height < innerHeight / 2) host.style = `--up:${view.offsetTop + view.height - bar.top}px`;
  };
  const soon = () => { timer ||= setTimeout(mind, 200); }, off = new AbortController();

  const act = (what, text) => {
    bubble.ariaBusy = !panel;
    panel ||= import(base + "widget/panel.js" + tries).then(each => each.default({ set, get, lang, title, side, place, base, host, stage, bubble, off, fit }));
    panel.then(each => each[what](text), () => {
      panel = bubble.ariaBusy = 0;
      tries += "?";
      stage.append(bubble);
      bubble.className = "";
      bubble.textContent = "The chat cannot be reached. Try again?";
    });
  };

  (place || page).append(host);
  new MutationObserver((_, watch) => {
    soon();
    if (host.isConnected && me.isConnected) return;
    host.remove();
    off.abort();
    watch.disconnect();
    delete window.CryptoSense;
  }).observe(document, { childList: true, subtree: true });
  if (place) new IntersectionObserver(([each]) => each.isIntersecting && act("open")).observe(host);
  else {
    stage.append(bubble);
    for (const type of ["resize", "scroll", "load", "click", "transitionend"]) {
      addEventListener(type, soon, off);
      view.addEventListener(type, fit, off);
    }
    fit();
    mind();
  }
  if (/^(load|\d{1,4})$/.test(set.open)) setTimeout(() => {
    try {
      stage.hidden || (sessionStorage.cryptosense ||= panel || act("open", true) || 1);
    } catch {} // no storage: it would open on every page
  }, set.open * 1e3);
  window.CryptoSense = {
    open: () => act("open"), close: () => act("close"), remove: () => host.remove(), ask: text => act("ask", text),
  };
})();
