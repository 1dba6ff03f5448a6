// Shows charts in cards, a few at a time: of more, the one that was shown longest ago is a picture again.
import { library } from "./library.js";
import { View } from "./view.js";

const MOST = 6;
const shown = new Map(); // card -> view, in the order in which they came

const put_back = (card) => {
  shown.get(card).dispose();
  shown.delete(card);
};

export const show = async (card) => {
  const charts = await library();
  for (const each of shown.keys()) if (!each.isConnected) put_back(each);
  if (shown.has(card) || !card.isConnected) return;
  const view = new View(charts, card);
  if (shown.size >= MOST) put_back(shown.keys().next().value);
  shown.set(card, view);
  try {
    await view.open();
  } catch (error) {
    put_back(card);
    throw error;
  }
};
