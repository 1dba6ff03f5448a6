// Options: /widget
(() => {
  const me = document.currentScript, hint = text => console.info("CryptoSense: " + text);
  if (!me || window.CryptoSense) return hint("one plain script a page");

  const valid = /^((title|greeting|suggestions|inline)=.|symbol=[\da-z]{1,12}-USD$|position=bottom-(left|right)$|theme=(auto|light|dark)$|accent=#[\da-f]{6}$)/i;
  const set = { ...me.dataset };
  const wrong = Object.keys(set).filter(name => !valid.test(name + "=" + set[name]) && delete set[name]);
  const { title = "Ask me anything", position = "bottom-right", theme = "auto", accent = "#067", inline } = set;
  const place = inline && document.getElementById(inline.slice(1)), base = new URL(".", me.src);
  if (inline && !place) wrong.push("inline");
  if (wrong[0]) hint("ignored " + wrong);

  let open = false, frame, ready, ask, before;
  const make = (tag, set) => Object.assign(document.createElement(tag), set);
  const host = make("cryptosense-chat"), root = host.attachShadow({ mode: "closed" }), sheet = new CSSStyleSheet();
  const bubble = make("button", { textContent: title, ariaExpanded: false, onclick: () => show(!open) });
  const panel = make("section", { id: "panel", role: "dialog", ariaLabel: title, hidden: true });
  const note = make("output", { textContent: "One moment…" });
  bubble.setAttribute("aria-controls", "panel");
  panel.append(note);
  root.append(panel, place ? "" : bubble);
  root.adoptedStyleSheets = [sheet];
  sheet.replaceSync(`:host{all:initial!important;color-scheme:${theme.replace("auto", "light dark")}!important}
*{box-sizing:border-box;border:0;margin:0;font:600 15px system-ui}
section{position:relative;height:min(640px,100dvh - 100px);overflow:hidden}
output{position:absolute;inset:0;padding:20px;background:Canvas}
iframe{width:100%;height:100%}` + (place ? "" : `
button,section{position:fixed;${position.slice(7)}:20px;z-index:999999999;border-radius:16px;box-shadow:0 6px 24px #0005}
button{bottom:20px;padding:14px;background:${accent};color:#fff}
[aria-expanded=true]:after{content:" ✕"}
section{bottom:80px;width:400px}
@media(max-width:480px),(max-height:480px){[aria-expanded=true],section{inset:var(--y,0) 0 auto;border-radius:0}
section{width:auto;height:var(--h,100dvh);padding-top:46px}}`));

  const load = () => {
    frame = make("iframe", { title, referrerPolicy: "origin", src: base + "?embed=1&" + new URLSearchParams({ site: origin, ...set }) });
    panel.append(frame);
    setTimeout(() => {
      if (ready) return;
      frame = frame.remove();
      note.textContent = "The chat cannot be reached.";
    }, 3e4);
  };
  const enter = () => {
    if (!ready || !open) return;
    if (document.activeElement === before) place || frame.focus();
    ask = ask && frame.contentWindow.postMessage({ ask }, base.origin);
  };
  const show = on => {
    if (on === open) return;
    before = document.activeElement;
    panel.hidden = !(bubble.ariaExpanded = open = on);
    if (on) frame || load();
    else if (before === host) bubble.focus();
    tell(on ? "open" : "close");
    enter();
  };
  const tell = (type, detail) => dispatchEvent(new CustomEvent("cryptosense:" + type, { detail }));

  const off = new AbortController(), view = visualViewport, fit = () => { host.style = `--h:${view.height}px;--y:${view.offsetTop}px` };
  view.addEventListener("resize", fit, off);
  view.addEventListener("scroll", fit, off);
  host.onkeydown = e => { e.key === "Escape" && show(false) };
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== frame?.contentWindow || origin !== base.origin) return;
    if (data === "escape") place || show(false);
    if (data === "ready") note.hidden = ready = true, tell(data), enter();
    if (data?.forecast) tell("forecast", data.forecast);
  }, off);

  (place || document.documentElement).append(host);
  new MutationObserver((_, watch) => {
    if (host.isConnected && me.isConnected) return;
    host.remove();
    off.abort();
    watch.disconnect();
    delete window.CryptoSense;
  }).observe(document, { childList: true, subtree: true });
  if (place) new IntersectionObserver(([seen]) => seen.isIntersecting && show(true)).observe(host);
  window.CryptoSense = {
    open: () => show(true), close: () => show(false), remove: () => host.remove(),
    ask: text => { ask = String(text); show(true); enter(); },
  };
})();
