// Saves what a card tells: the forecast as CSV, the picture as PNG. Times are UTC, as the card's data has them.
(() => {
  const WIDTH = 1200, HEIGHT = 720, PLOT = { x: 40, y: 150, width: 1010, height: 460 }; // pixels
  const utc = (time) => `${time.slice(0, 16).replace("T", " ")} UTC`;

  const told = (card) => {
    for (const part of card.querySelectorAll("[content]")) {
      try {
        const facts = JSON.parse(part.getAttribute("content"));
        if (facts?.symbol && (facts.target_time ?? facts.horizons?.[0]?.target_time)) return facts; // not the chart's
      } catch { /* for another script */ }
    }
    return null;
  };
  const target = (facts) => facts.target_time ?? facts.horizons.at(-1).target_time;
  const save = (blob, facts, kind) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `cryptosense-${facts.symbol}-${target(facts).slice(0, 16).replace(":", "")}Z.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  // A line a horizon: what all have in common, then what is its own; a range or quantiles are a column each.
  const flat = (facts) => Object.entries(facts).flatMap(([name, value]) => {
    if (name === "horizons" || name === "id" || name === "warnings") return [];
    if (Array.isArray(value)) return value.length === 2 ? [[`${name}_low`, value[0]], [`${name}_high`, value[1]]] : [];
    if (value && typeof value === "object") return Object.entries(value).map(([key, each]) => [`${name}_${key}`, each]);
    return [[name, value]];
  });
  const cell = (value) => {
    const text = String(value ?? "");
    const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; // no formula
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = (facts) => {
    const lines = (facts.horizons ?? [{}]).map((horizon) => new Map([...flat(facts), ...flat(horizon)]));
    const columns = [...new Set(lines.flatMap((line) => [...line.keys()]))];
    const rows = [columns, ...lines.map((line) => columns.map((column) => line.get(column)))];
    return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  const picture = async (card) => { // of a size, without which not every browser draws it
    const shown = card.querySelector('.fan img[src^="data:image/svg+xml;base64,"]');
    if (!shown) return null;
    const image = new Image();
    const svg = atob(shown.src.split(",")[1]).replace("<svg ", `<svg width="${PLOT.width}" height="${PLOT.height}" `);
    image.src = `data:image/svg+xml;base64,${btoa(svg)}`;
    await image.decode();
    return image;
  };
  const png = async (card, facts) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
    const pen = canvas.getContext("2d"), style = getComputedStyle(card), ink = style.color;
    const write = (text, x, y, size, align = "left", weight = 400) => {
      pen.font = `${weight} ${size}px ${style.fontFamily}`;
      pen.textAlign = align;
      pen.fillText(text, x, y, WIDTH - 2 * PLOT.x);
    };
    pen.fillStyle = style.backgroundColor;
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.fillStyle = ink;
    write(`${facts.symbol}, ${utc(target(facts))}`, PLOT.x, 54, 24);
    write([...card.querySelectorAll(".range b")].map((end) => end.textContent).join(" \u2013 "), PLOT.x, 108, 40, "left", 650);
    for (const tick of card.querySelectorAll(".ticks span")) {
      const y = PLOT.y + PLOT.height * parseFloat(tick.style.top) / 100;
      pen.globalAlpha = 0.15;
      pen.fillRect(PLOT.x, y, PLOT.width, 1);
      pen.globalAlpha = 1;
      write(tick.textContent, PLOT.x + PLOT.width + 12, y + 7, 20);
    }
    const image = await picture(card), chart = card.querySelector("canvas")?.parentElement.getBoundingClientRect();
    if (image) pen.drawImage(image, PLOT.x, PLOT.y, PLOT.width, PLOT.height);
    else for (const part of card.querySelectorAll("canvas")) { // a chart is several, one over another
      const at = part.getBoundingClientRect(), scale = PLOT.width / (chart.width || 1);
      pen.drawImage(part, PLOT.x + (at.x - chart.x) * scale, PLOT.y + (at.y - chart.y) * scale, at.width * scale, at.height * scale);
    }
    const now = parseFloat(card.querySelector(".plot u")?.style.left) / 100;
    const from = facts.price_time ?? facts.as_of;
    if (now) {
      pen.fillRect(PLOT.x + PLOT.width * now, PLOT.y, 1, PLOT.height);
      write(utc(from), PLOT.x + PLOT.width * now - 10, PLOT.y + PLOT.height + 30, 20, "right");
    }
    write(utc(target(facts)), WIDTH - PLOT.x, PLOT.y + PLOT.height + 30, 20, "right");
    write(["CryptoSense", facts.source, utc(facts.as_of)].filter(Boolean).join(" \u00b7 "), PLOT.x, HEIGHT - 30, 20);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  };

  document.addEventListener("cryptosense:export", async ({ detail: { row, kind } }) => {
    for (const card of row.querySelectorAll(".forecast-card")) {
      const facts = told(card);
      if (!facts) continue;
      save(kind === "csv" ? new Blob(["\ufeff", csv(facts)], { type: "text/csv" }) : await png(card, facts), facts, kind);
    }
  });
})();
