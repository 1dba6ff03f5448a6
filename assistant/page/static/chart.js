// A card's picture becomes a chart to point at once it comes into view. The first one loads what draws it; where that
// fails, the picture stays.
(() => {
  const known = new WeakSet();
  let loading, failures = 0;
  const draw = async (card) => {
    if (failures > 2) return;
    try {
      await (await (loading ??= import("./chart/live.js"))).show(card);
    } catch {
      failures += 1;
      loading = undefined;
    }
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(target);
    }
  }, { rootMargin: "200px" });
  new MutationObserver(() => {
    for (const card of document.querySelectorAll("#chat .chart:has(> [content])")) {
      if (known.has(card)) continue;
      known.add(card);
      seen.observe(card);
    }
  }).observe(document, { childList: true, subtree: true });
})();
