// The wall: a tile for each of several cameras. Only the tiles in sight get frames, no wider than they are shown.

import { gridFor, movedTo } from "./tile_grid.js";
import { Tile } from "./tile.js";

const BELOW_PX = 150; // of the window, for the header and the controls
const WIDTH_STEP = 40; // pixels of the screen: a window that is resized a little requests no other frames
const SETTLE_MS = 100; // of scrolling and resizing

export class Wall {
  #root;
  #onWatch;
  #onAck;
  #tiles = new Map(); // by camera
  #columns = 1;
  #choices = null;
  #inSight = new Set(); // elements of tiles
  #observer = new IntersectionObserver((entries) => this.#see(entries));
  #watched = "";
  #timer = 0;

  /** `onWatch(views, width)` requests frames for views, a Map by camera; `onAck(camera, frameId)` acknowledges one. */
  constructor(root, { onWatch, onAck }) {
    this.#root = root;
    this.#onWatch = onWatch;
    this.#onAck = onAck;
    new ResizeObserver(() => this.#layOut()).observe(root);
    addEventListener("resize", () => this.#layOut());
    document.addEventListener("keydown", (event) => this.#pressKey(event));
  }

  get isShown() {
    return !this.#root.hidden;
  }

  get hasFocus() {
    return this.#root.contains(document.activeElement);
  }

  /** Shows a tile for each camera, with layers in these styles. */
  setCameras(cameras, styles) {
    const names = cameras.map(({ name }) => name);
    if (names.join("\n") !== [...this.#tiles.keys()].join("\n")) {
      this.#observer.disconnect();
      this.#inSight.clear();
      this.#tiles = new Map(names.map((name) => [name, new Tile(name, (frameId) => this.#onAck(name, frameId))]));
      this.#root.replaceChildren(...[...this.#tiles.values()].map(({ element }) => element));
      for (const { element } of this.#tiles.values()) this.#observer.observe(element);
    }
    for (const { view } of this.#tiles.values()) view.styles = styles;
  }

  /** Shows the wall, and requests frames also if the tiles in sight are the same as before: on a new connection. */
  show() {
    this.#root.hidden = false;
    this.#layOut();
    this.#watched = "";
    this.#watchInSight();
  }

  hide() {
    this.#root.hidden = true;
    clearTimeout(this.#timer);
  }

  /** Moves the focus to the tile of a camera. */
  focus(camera) {
    this.#tiles.get(camera)?.element.focus();
  }

  /** Applies the choices of the viewer to all tiles. */
  choose(choices) {
    this.#choices = choices;
    for (const tile of this.#tiles.values()) tile.choose(choices);
  }

  /** Shows the present state and figures of the tiles. */
  refresh() {
    if (this.isShown) for (const tile of this.#tiles.values()) tile.refresh();
  }

  #layOut() {
    if (!this.isShown) return;
    const isAlone = this.#root.parentElement.matches(":fullscreen, .fills-window");
    const height = isAlone ? innerHeight : innerHeight - BELOW_PX;
    const { columns, width } = gridFor(this.#tiles.size, this.#root.clientWidth, height);
    this.#columns = columns;
    this.#root.style.gridTemplateColumns = `repeat(${columns}, ${width}px)`;
    this.choose(this.#choices);
    this.#watchSoon();
  }

  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#inSight.add(target);
      else this.#inSight.delete(target);
    }
    if (this.isShown) this.#watchSoon();
  }

  #watchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#watchInSight(), SETTLE_MS);
  }

  #watchInSight() {
    const tiles = [...this.#tiles].filter(([, { element }]) => this.#inSight.has(element));
    const width = Math.max(1, ...tiles.map(([, { element }]) => element.clientWidth * devicePixelRatio));
    const rounded = WIDTH_STEP * Math.ceil(width / WIDTH_STEP);
    const watched = JSON.stringify([rounded, tiles.map(([name]) => name)]);
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#onWatch(new Map(tiles.map(([name, { view }]) => [name, view])), rounded);
  }

  #pressKey(event) {
    if (!this.isShown || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, button, summary, .events")) return; // the key is for that element
    const elements = [...this.#root.children];
    const index = elements.indexOf(document.activeElement);
    const target = movedTo(event.key, index, elements.length, this.#columns);
    if (target === null) return;
    event.preventDefault();
    elements[target].focus();
  }
}
