// The grid of tiles: how many are in a row, and which one an arrow key moves to.

const ASPECT = 16 / 9; // of the video of a tile
const CAPTION_PX = 26;
const GAP_PX = 8;
const NARROW_PX = 600; // an area that is not wider is scrolled
const LARGE = 4; // there, tiles of up to as many cameras are as wide as the area, of more half as wide
const SMALLEST_PX = 180; // width of a tile on which objects can be seen

/**
 * The number of columns, and the width of a tile in CSS pixels, that make `count` tiles as large as possible in an area of
 * `width` × `height`. Tiles that would be too small are higher than the area together: it is scrolled.
 */
export function gridFor(count, width, height) {
  const widthOf = (columns) => (width - GAP_PX * (columns - 1)) / columns;
  const scrolled = (columns) => ({ columns, width: widthOf(columns) });
  if (width <= NARROW_PX) return scrolled(count <= LARGE ? 1 : 2);
  const fitting = Array.from({ length: count }, (_, index) => {
    const columns = index + 1;
    const rows = Math.ceil(count / columns);
    const rowHeight = (height - GAP_PX * (rows - 1)) / rows;
    return { columns, width: Math.floor(Math.min(widthOf(columns), (rowHeight - CAPTION_PX) * ASPECT)) };
  });
  const largest = fitting.reduce((best, each) => (each.width > best.width ? each : best));
  if (largest.width >= SMALLEST_PX) return largest;
  return scrolled(Math.max(1, Math.floor((width + GAP_PX) / (SMALLEST_PX + GAP_PX))));
}

/** The index of the tile that a key moves to from the one at `index`; -1 before the first. Null if it moves to none. */
export function movedTo(key, index, count, columns) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (!(key in steps)) return null;
  const target = index < 0 ? 0 : index + steps[key];
  return target >= 0 && target < count ? target : null;
}
