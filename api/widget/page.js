// The form's options as the line to copy, and as the widget on this page.
const form = document.querySelector("#options");
const line = document.querySelector("#line");
const place = document.querySelector("#crypto-chat");
const USUAL = { accent: "#006677" }; // of widget.js: what is as usual is left out
// A page with https loads no script from an http address, unless that is this very machine.
const plain = location.protocol === "http:" && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|.*\.localhost)$/.test(location.hostname);
const atHome = /^(10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254)\.[\d.]+$|^\[f[cde]|^[^.]+$|\.(local|lan|internal|test|home\.arpa)$/.test(location.hostname);
let shown = Promise.resolve(); // one widget after the other
const withheld = plain && !atHome;
document.querySelector("#blocked").hidden = !plain;
document.querySelector("#withheld").hidden = !withheld;
for (const part of ["#line", "#copy"]) document.querySelector(part).hidden = withheld;

function chosen() {
  const fields = Object.fromEntries(new FormData(form));
  if (fields.inline) fields.inline = "#crypto-chat";
  const usable = (name, value) => value.trim() && value !== USUAL[name] && form.elements[name].validity.valid;
  return Object.entries(fields).filter(([name, value]) => usable(name, value));
}

function written(options) {
  const quoted = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const attributes = options.map(([name, value]) => ` data-${name}="${quoted(value)}"`).join("");
  const element = form.elements.inline.checked ? '<div id="crypto-chat" style="min-height: 640px"></div>\n' : "";
  return `${element}<script src="${new URL("widget.js", location.href)}"${attributes} defer></` + "script>";
}

function show() {
  const options = chosen();
  line.textContent = withheld ? "" : written(options);
  place.hidden = !form.elements.inline.checked;
  shown = shown.then(() => new Promise((done) => {
    window.CryptoSense?.remove();
    document.querySelector("#widget")?.remove();
    const made = { id: "widget", src: "widget.js", onload: done, onerror: done };
    const script = Object.assign(document.createElement("script"), made);
    for (const [name, value] of options) script.setAttribute(`data-${name}`, value);
    setTimeout(() => document.body.append(script)); // once the widget before it has gone
  }));
}

form.addEventListener("change", show);
form.addEventListener("submit", (event) => event.preventDefault());
document.querySelector("#copy").addEventListener("click", async () => {
  const copied = document.querySelector("#copied");
  try {
    await navigator.clipboard.writeText(line.textContent);
    copied.textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(line); // a page without https may not write to the clipboard
    copied.textContent = "Press Ctrl+C to copy what is marked.";
  }
});
document.querySelector("#open").addEventListener("click", () => shown.then(() => window.CryptoSense?.open()));
document.querySelector("#ask").addEventListener("click", () => {
  shown.then(() => window.CryptoSense?.ask("What's ETH in 6 hours?"));
});
for (const type of ["open", "close", "ready", "forecast", "alert"]) {
  addEventListener(`cryptosense:${type}`, ({ detail }) => {
    const said = document.createElement("li");
    said.textContent = `cryptosense:${type} ${detail ? JSON.stringify(detail) : ""}`;
    document.querySelector("#events").append(said);
  });
}
show();
