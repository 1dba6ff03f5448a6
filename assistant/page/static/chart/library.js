// TradingView's lightweight-charts 5.2.0, and our style, each loaded once.
const at = (name) => new URL(name, import.meta.url);

let script, style;

const loaded = (element) => new Promise((resolve, reject) => {
  element.onload = resolve;
  element.onerror = () => {
    element.remove();
    reject(new Error("a part of the chart could not be loaded"));
  };
  document.head.append(element);
});

export const library = async () => {
  script ??= loaded(Object.assign(document.createElement("script"), { src: at("lightweight-charts-5.2.0.js") }));
  style ??= loaded(Object.assign(document.createElement("link"), { rel: "stylesheet", href: at("chart.css") }));
  try {
    await Promise.all([script, style]);
  } catch (error) {
    script = style = undefined;
    throw error;
  }
  return window.LightweightCharts;
};
