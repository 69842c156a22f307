// Styles of layers: the colour of a label where there is one processor, else a colour for each processor.

// Hues in degrees of the OKLCH circle; those of common road users are far apart.
const ROAD_HUES = { car: 195, truck: 85, bus: 330, van: 145, motorcycle: 45, bicycle: 115, person: 290 };

// Okabe and Ito, "Color Universal Design" (2008): distinguishable with every common kind of colour blindness. Their
// black is replaced by white, and their darkest colours come last, because boxes are drawn on a dark line.
const COLOURS = ["#56b4e9", "#e69f00", "#cc79a7", "#009e73", "#f0e442", "#d55e00", "#ffffff", "#0072b2"];
const DASHES = [[], [7, 4]]; // in CSS pixels, of the first eight and of the next eight processors

/** The colour of a label: the same on every page, and of equal lightness for all. */
export function colourOfLabel(label) {
  let hash = 0;
  for (const char of label) hash = (31 * hash + char.codePointAt(0)) % 360;
  return `oklch(0.84 0.15 ${ROAD_HUES[label] ?? hash})`;
}

/** The style of a layer that is the only one: its boxes have the colours of their labels. */
export const ONLY_LAYER = { colour: COLOURS[0], dashes: [], byLabel: true };

/** The style of each processor, by name: a Map, empty where there is one processor. */
export function stylesOf(names) {
  if (names.length < 2) return new Map();
  const style = (index) => ({
    colour: COLOURS[index % COLOURS.length],
    dashes: DASHES[Math.floor(index / COLOURS.length) % DASHES.length],
    byLabel: false,
  });
  return new Map(names.map((name, index) => [name, style(index)]));
}
