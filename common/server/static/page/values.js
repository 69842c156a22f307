// The values that processors report: small tiles with their number and a line of the last minutes.

import { startDrawing } from "../shared/canvas.js";
import { orDash, setText } from "../shared/format.js";

const SPAN_S = 180;
const STEP_S = 1; // of several values within this time the line shows the last
const CURRENT_S = 10; // an older value is no longer shown as a number
const MAX_TILES = 24; // the others have no place on a page; /metrics has them

const FORMAT = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

const now_s = () => performance.now() / 1000;

/** The tile of one value. */
class Tile {
  element = document.createElement("div");
  #name = document.createElement("dt");
  #number = document.createElement("dd");
  #line = document.createElement("canvas");
  #points = []; // { at, value }, one for each STEP_S

  constructor() {
    this.element.className = "value";
    this.#line.setAttribute("aria-hidden", "true");
    this.element.append(this.#name, this.#number, this.#line);
  }

  setName(name) {
    setText(this.#name, name);
    this.#name.title = name;
  }

  add(value) {
    const at = now_s();
    if (this.#points.at(-2)?.at > at - STEP_S) this.#points.pop();
    this.#points.push({ at, value });
  }

  /** Whether there was no value for so long that the line is empty. */
  get isEmpty() {
    return !(this.#points.at(-1)?.at > now_s() - SPAN_S);
  }

  draw(isConnected) {
    const now = now_s();
    while (this.#points[0]?.at < now - SPAN_S) this.#points.shift();
    const last = this.#points.at(-1);
    setText(this.#number, orDash(isConnected && last?.at > now - CURRENT_S ? FORMAT.format(last.value) : ""));
    this.#drawLine(now);
  }

  #drawLine(now) {
    const { context, width, height, colour } = startDrawing(this.#line, 11);
    const values = this.#points.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const share = (value) => (high > low ? (value - low) / (high - low) : 0.5);
    context.strokeStyle = colour("--accent");
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    for (const { at, value } of this.#points) {
      context.lineTo(width * (1 - (now - at) / SPAN_S), height - 2 - (height - 4) * share(value));
    }
    context.stroke();
  }
}

export class Values {
  #section;
  #list;
  #tiles = new Map(); // by camera, processor and name, as JSON; shown in this order
  #camera = null;
  #isConnected = false;
  #severalProcessors = false;

  /** `section` is hidden while there are no values; `list` is the element for the tiles. */
  constructor(section, list) {
    this.#section = section;
    this.#list = list;
  }

  setProcessors(processors) {
    this.#severalProcessors = processors.length > 1;
  }

  /** Shows the values of one camera, or of all where `name` is null. */
  setCamera(name) {
    this.#camera = name;
    this.#arrange();
  }

  setConnected(isConnected) {
    this.#isConnected = isConnected;
  }

  /** Takes in the values of a detections message. */
  add({ camera, processor, values = {} }) {
    for (const [name, value] of Object.entries(values)) {
      const key = JSON.stringify([camera, processor, name]);
      if (!this.#tiles.has(key)) {
        if (this.#tiles.size >= MAX_TILES) continue;
        this.#tiles.set(key, new Tile());
        this.#arrange();
      }
      this.#tiles.get(key).add(value);
    }
  }

  /** Draws the lines and removes tiles without values; to be called a few times a second. */
  draw() {
    const empty = [...this.#tiles].filter(([, tile]) => tile.isEmpty);
    for (const [key] of empty) this.#tiles.delete(key);
    if (empty.length) this.#arrange();
    for (const tile of this.#tiles.values()) if (tile.element.isConnected) tile.draw(this.#isConnected);
  }

  #arrange() {
    const tiles = [];
    for (const [key, tile] of [...this.#tiles].sort(([a], [b]) => a.localeCompare(b))) {
      const [camera, processor, name] = JSON.parse(key);
      if (this.#camera !== null && camera !== this.#camera) continue;
      const names = [this.#camera === null && camera, this.#severalProcessors && processor, name];
      tile.setName(names.filter(Boolean).join(" · "));
      tiles.push(tile.element);
    }
    this.#list.replaceChildren(...tiles);
    this.#section.hidden = !tiles.length;
  }
}
