// Plates: short texts on a dark ground, with a bar in the colour of what they name.

export const PLATE = "rgb(12 16 18 / 0.82)";
const INK = "#fff";
const NARROW_PX = 600; // a frame that is drawn narrower has a smaller font

const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Collects the plates of a frame, then draws them. */
export class Plates {
  #context;
  #area;
  #height;
  #plates = [];

  /** `area` is that of the frame, in CSS pixels. */
  constructor(context, area) {
    const size = area.w < NARROW_PX ? 11 : 12.5;
    this.#context = context;
    this.#area = area;
    this.#height = Math.round(size * 1.5);
    context.font = `600 ${size}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;
    context.textBaseline = "middle";
  }

  /** Adds the plate of a box: above, below or in it; none where it would cover another plate or leave the frame. */
  addToBox(box, text, look) {
    const [w, h, area] = [this.#widthOf(text), this.#height, this.#area];
    const x = this.#leftOf(box.x, w);
    const isFree = (y) =>
      y >= area.y && y + h <= area.y + area.h && !this.#plates.some((other) => overlaps({ x, y, w, h }, other));
    const y = [box.y - h, box.y + box.h, box.y].find(isFree);
    if (y !== undefined) this.#plates.push({ x, y, w, h, text, ...look });
  }

  /** Adds a plate whose lower left corner is at a point, moved into the frame where it would leave it. */
  addAt({ x, y }, text, look) {
    const [w, h, area] = [this.#widthOf(text), this.#height, this.#area];
    this.#plates.push({ x: this.#leftOf(x, w), y: Math.max(area.y, y - h), w, h, text, ...look });
  }

  /** Draws the plates, each in its look: { colour, alpha }. */
  draw() {
    const context = this.#context;
    for (const { x, y, w, h, text, colour, alpha } of this.#plates) {
      context.globalAlpha = alpha;
      context.fillStyle = PLATE;
      context.fillRect(x, y, w, h);
      context.fillStyle = colour;
      context.fillRect(x, y, 3, h);
      context.fillStyle = INK;
      context.fillText(text, x + 8, y + h / 2 + 0.5);
    }
  }

  #widthOf(text) {
    return Math.ceil(this.#context.measureText(text).width) + 13;
  }

  #leftOf(x, w) {
    return Math.max(this.#area.x, Math.min(x, this.#area.x + this.#area.w - w));
  }
}
