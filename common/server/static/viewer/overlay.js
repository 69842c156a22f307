// The overlay: boxes and labels at the resolution of the screen, legible on any frame and inside it.

const FADE_FROM_S = 1; // older boxes are likely to be off their object: they fade until GONE_AT_S
export const GONE_AT_S = 2;
const PLATE = "rgb(12 16 18 / 0.82)";
const INK = "#fff";

// Hues in degrees of the OKLCH circle; those of common road users are far apart.
const ROAD_HUES = { car: 195, truck: 85, bus: 330, van: 145, motorcycle: 45, bicycle: 115, person: 290 };

/** The colour of a label: the same on every page, and of equal lightness for all. */
function colourOf(label) {
  let hash = 0;
  for (const char of label) hash = (31 * hash + char.codePointAt(0)) % 360;
  return `oklch(0.84 0.15 ${ROAD_HUES[label] ?? hash})`;
}

/** The area that a frame covers in an element of `width` × `height` with `object-fit: contain`. */
function frameArea(width, height, frame) {
  const scale = Math.min(width / frame.width, height / frame.height);
  const [w, h] = [frame.width * scale, frame.height * scale];
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** The place of a box's plate: above, below or in the box; null where it would cover another plate or leave `area`. */
function placePlate(box, w, h, area, taken) {
  const x = Math.max(area.x, Math.min(box.x, area.x + area.w - w));
  const free = (y) => y >= area.y && y + h <= area.y + area.h && !taken.some((other) => overlaps({ x, y, w, h }, other));
  const y = [box.y - h, box.y + box.h, box.y].find(free);
  return y === undefined ? null : { x, y, w, h };
}

export class Overlay {
  #canvas;
  #context;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  /**
   * Draws `items` (label, score, box, optional alpha) over a frame of which width and height are used, and returns how
   * many. `age` is that of the detections, in seconds.
   */
  draw(items, frame, { labels, age }) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#fitResolution(width, height);
    this.#context.clearRect(0, 0, width, height);
    if (age >= GONE_AT_S) return 0;
    const area = frameArea(width, height, frame);
    const fade = age <= FADE_FROM_S ? 1 : 1 - (0.8 * (age - FADE_FROM_S)) / (GONE_AT_S - FADE_FROM_S);
    const drawn = items
      .map((item) => ({
        text: `${item.label} ${item.score.toFixed(2)}`,
        score: item.score,
        colour: colourOf(item.label),
        alpha: fade * (item.alpha ?? 1),
        box: this.#toPixels(item.box, area),
      }))
      .sort((a, b) => a.score - b.score); // the highest score is drawn last, on top
    for (const item of drawn) this.#drawBox(item);
    if (labels) this.#drawLabels(drawn.reverse(), area); // the highest score takes its place first
    this.#context.globalAlpha = 1;
    return drawn.length;
  }

  #fitResolution(width, height) {
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (this.#canvas.width !== w) this.#canvas.width = w;
    if (this.#canvas.height !== h) this.#canvas.height = h;
    this.#context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }

  #toPixels([x1, y1, x2, y2], area) {
    const [left, right] = [x1, x2].map((x) => Math.round(area.x + x * area.w)); // whole pixels: sharp lines
    const [top, bottom] = [y1, y2].map((y) => Math.round(area.y + y * area.h));
    return { x: left, y: top, w: right - left, h: bottom - top };
  }

  #drawBox({ box, colour, alpha }) {
    this.#context.globalAlpha = alpha;
    // A dark line under the coloured one: one of the two contrasts with any background.
    for (const [style, width] of [[PLATE, 4], [colour, 2]]) {
      this.#context.strokeStyle = style;
      this.#context.lineWidth = width;
      this.#context.strokeRect(box.x, box.y, box.w, box.h);
    }
  }

  #drawLabels(items, area) {
    const context = this.#context;
    const size = area.w < 600 ? 11 : 12.5;
    const height = Math.round(size * 1.5);
    context.font = `600 ${size}px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`;
    context.textBaseline = "middle";
    const plates = [];
    for (const { text, box, colour, alpha } of items) {
      const place = placePlate(box, Math.ceil(context.measureText(text).width) + 13, height, area, plates);
      if (place) plates.push({ ...place, text, colour, alpha });
    }
    for (const { text, colour, alpha, ...plate } of plates) {
      context.globalAlpha = alpha;
      context.fillStyle = PLATE;
      context.fillRect(plate.x, plate.y, plate.w, plate.h);
      context.fillStyle = colour;
      context.fillRect(plate.x, plate.y, 3, plate.h);
      context.fillStyle = INK;
      context.fillText(text, plate.x + 8, plate.y + plate.h / 2 + 0.5);
    }
  }
}
