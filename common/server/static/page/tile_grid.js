// The grid of tiles: how many are in a row, and which one an arrow key moves to.

const ASPECT = 16 / 9; // of the video of a tile
const CAPTION_PX = 26;
const GAP_PX = 8;
const NARROW_PX = 600; // an area that is not wider has one column
const SCROLLED_PX = 260; // width of tiles that do not fit into the area all at once

/** The number of columns that makes `count` tiles as large as possible in an area of `width` × `height` CSS pixels. */
export function columnsFor(count, width, height) {
  if (width <= NARROW_PX) return 1;
  const widthIn = (columns) => (width - GAP_PX * (columns - 1)) / columns;
  const heightIn = (columns) => {
    const rows = Math.ceil(count / columns);
    return rows * (widthIn(columns) / ASPECT + CAPTION_PX) + GAP_PX * (rows - 1);
  };
  const most = Math.max(1, Math.floor((width + GAP_PX) / (SCROLLED_PX + GAP_PX)));
  const fitting = Array.from({ length: count }, (_, index) => index + 1).find((columns) => heightIn(columns) <= height);
  return fitting ?? most;
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
