// What a site that is not in CRYPTOSENSE_ALLOWED_ORIGINS is given instead of panel.js: words for its visitor and its owner.
const WORDS = {
  en: "The chat is not available on this site.",
  de: "Der Chat ist auf dieser Seite nicht verfügbar.",
  es: "El chat no está disponible en este sitio.",
  fr: "Le chat n’est pas disponible sur ce site.",
  pt: "O chat não está disponível neste site.",
  zh: "此网站无法使用聊天。",
};

export default ({ lang, place, base, stage, bubble }) => {
  const cure = origin === "null" ? "Serve the page from a web server: a file has no address that could be allowed."
    : `If the site is yours, add ${origin} to CRYPTOSENSE_ALLOWED_ORIGINS of that service, and start it again.`;
  console.warn(`CryptoSense: ${base} does not show its chat on ${origin}. ${cure}`);
  if (place) stage.append(bubble);
  bubble.className = "";
  bubble.textContent = WORDS[lang];
  const nothing = () => {};
  return { open: nothing, close: nothing, toggle: nothing, ask: nothing };
};
