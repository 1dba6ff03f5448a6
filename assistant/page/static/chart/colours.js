// The page's colours for a canvas, which knows neither our custom properties nor the system's colours.
const FORCED = matchMedia("(forced-colors: active)");

export const colours = (element) => {
  const style = getComputedStyle(element), named = (name) => style.getPropertyValue(name).trim();
  const font = `12px ${style.fontFamily}`;
  if (!FORCED.matches) {
    const [text, ink, line] = ["text-color-subdued", "text-color"].map((name) => named(`--body-${name}`))
      .concat(named("--border-color-primary"));
    return {
      text, ink, line, font, panel: named("--background-fill-primary"), happened: named("--happened"),
      forecast: named("--forecast"), missed: named("--down"),
    };
  }
  const probe = element.appendChild(document.createElement("i"));
  const system = (name) => {
    probe.style.color = name;
    return getComputedStyle(probe).color;
  };
  const [ink, panel, forecast] = ["CanvasText", "Canvas", "Highlight"].map(system);
  probe.remove();
  return { text: ink, ink, line: panel, font, panel, happened: ink, forecast, missed: ink };
};

// The same colour, thinner.
export const thin = (colour, share) => {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = colour;
  return `${context.fillStyle.slice(0, 7)}${Math.round(255 * share).toString(16).padStart(2, "0")}`;
};

// Calls back when light, dark or forced colours change; returns what ends that.
export const onChange = (call) => {
  const scheme = new MutationObserver(call);
  scheme.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  FORCED.addEventListener("change", call);
  return () => {
    scheme.disconnect();
    FORCED.removeEventListener("change", call);
  };
};
