// Lines and zones of a processor: { kind, name, points }, with points as fractions of the frame.

export const LEAST_POINTS = { line: 2, zone: 3 };
export const MOST_POINTS = { line: 2, zone: 50 };
const DECIMALS = 1e4; // a tenth of a pixel of a frame that is 1000 pixels wide

/** A point inside the frame with as many decimals as matter. */
export function pointAt(x, y) {
  return [x, y].map((value) => Math.round(Math.min(1, Math.max(0, value)) * DECIMALS) / DECIMALS);
}

/** The regions of a processor of the hello message. */
export function regionsOf({ lines = [], zones = [] }) {
  const copies = (kind, regions) => regions.map(({ name, points }) => ({ kind, name, points: points.map((each) => [...each]) }));
  return [...copies("line", lines), ...copies("zone", zones)];
}

/** The lines and zones of a regions message. */
export function linesAndZones(regions) {
  const named = (kind) => regions.filter((each) => each.kind === kind).map(({ name, points }) => ({ name, points }));
  return { lines: named("line"), zones: named("zone") };
}

/** A name that no region has: "line-1". */
export function freeName(kind, regions) {
  const taken = new Set(regions.map(({ name }) => name));
  let number = 1;
  while (taken.has(`${kind}-${number}`)) number += 1;
  return `${kind}-${number}`;
}

/** The regions as a part of the settings file. `isOnly`: the app has no other processor, and may have none in its file. */
export function toToml(processor, regions, isOnly) {
  const head = isOnly
    ? `[[processors]]\nname = ${JSON.stringify(processor)}\n`
    : `# Below [[processors]] with name = ${JSON.stringify(processor)}:\n`;
  const tables = regions.map(({ kind, name, points }) => {
    const pairs = points.map(([x, y]) => `[${x}, ${y}]`).join(", ");
    return `[[processors.${kind}s]]\nname = ${JSON.stringify(name)}\npoints = [${pairs}]\n`;
  });
  return head + tables.join("");
}
