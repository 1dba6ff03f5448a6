// The words of the chart, in the page's languages.
export const WORDS = {
  en: {
    candles: "Candles", span: "Span", open: "open", high: "high", low: "low", close: "close", median: "median",
    now: "now", time: "Time", held: "held", missed: "missed", said: "80 % range said before", asked: "asked",
    table: "As a table", unusual: "unusual move", day: "day of UTC", price: "price",
    legend: "shades: 50, 80 and 95 % of outcomes", graded: "past ranges: ● held, ✕ missed",
    hint: "Point at the chart or tap it to read prices.",
  },
  de: {
    candles: "Kerzen", span: "Zeitraum", open: "Eröffnung", high: "Hoch", low: "Tief", close: "Schluss",
    median: "Median", now: "jetzt", time: "Zeit", held: "eingehalten", missed: "verfehlt",
    said: "80-%-Bereich zuvor", asked: "gefragt", table: "Als Tabelle", unusual: "ungewöhnliche Bewegung",
    day: "UTC-Tag", price: "Kurs", legend: "Töne: 50, 80 und 95 % der Ausgänge",
    graded: "frühere Bereiche: ● eingehalten, ✕ verfehlt",
    hint: "Zeigen oder tippen Sie ins Bild, um Kurse abzulesen.",
  },
  es: {
    candles: "Velas", span: "Periodo", open: "apertura", high: "máximo", low: "mínimo", close: "cierre",
    median: "mediana", now: "ahora", time: "Hora", held: "acertó", missed: "falló", said: "rango del 80 % previsto",
    asked: "pedido", table: "Como tabla", unusual: "movimiento inusual", day: "día UTC", price: "precio",
    legend: "tonos: 50, 80 y 95 % de los resultados", graded: "rangos pasados: ● acertó, ✕ falló",
    hint: "Señale o toque el gráfico para leer precios.",
  },
  fr: {
    candles: "Bougies", span: "Période", open: "ouverture", high: "haut", low: "bas", close: "clôture",
    median: "médiane", now: "maintenant", time: "Heure", held: "tenue", missed: "manquée",
    said: "fourchette à 80 % annoncée", asked: "demandé", table: "En tableau", unusual: "mouvement inhabituel",
    day: "jour UTC", price: "cours", legend: "teintes : 50, 80 et 95 % des issues",
    graded: "fourchettes passées : ● tenue, ✕ manquée",
    hint: "Pointez ou touchez le graphique pour lire les cours.",
  },
  pt: {
    candles: "Velas", span: "Período", open: "abertura", high: "máxima", low: "mínima", close: "fechamento",
    median: "mediana", now: "agora", time: "Hora", held: "acertou", missed: "errou", said: "faixa de 80 % prevista",
    asked: "pedido", table: "Como tabela", unusual: "movimento incomum", day: "dia UTC", price: "preço",
    legend: "tons: 50, 80 e 95 % dos resultados", graded: "faixas passadas: ● acertou, ✕ errou",
    hint: "Aponte ou toque no gráfico para ler preços.",
  },
  zh: {
    candles: "K线", span: "区间", open: "开", high: "高", low: "低", close: "收", median: "中位数", now: "现在",
    time: "时间", held: "命中", missed: "未中", said: "此前的80 %区间", asked: "所问价格", table: "表格",
    unusual: "异常波动", day: "UTC日", price: "价格", legend: "深浅：50、80、95 %的结果",
    graded: "过去的区间：● 命中，✕ 未中", hint: "指向或点按图表即可读数。",
  },
};
