// The overlay: boxes and their labels, sharp at the screen's own pixels, readable on any picture, inside the picture.

const FADE_FROM_S = 1; // older boxes no longer stand where their object is: they fade, and then go
const GONE_AT_S = 2;
const PLATE = "rgb(12 16 18 / 0.82)";
const INK = "#fff";

// Those that meet on a road are kept far apart; degrees on the OKLCH circle.
const ROAD_HUES = { car: 195, truck: 85, bus: 330, van: 145, motorcycle: 45, bicycle: 115, person: 290 };

/** A colour per label, the same on every page and day, and all equally bright. */
function colourOf(label) {
  let hash = 0;
  for (const char of label) hash = (31 * hash + char.codePointAt(0)) % 360;
  return `oklch(0.84 0.15 ${ROAD_HUES[label] ?? hash})`;
}

/** Where a picture of this shape lies inside an element of that size, as `object-fit: contain` puts it. */
function pictureArea(width, height, picture) {
  const scale = Math.min(width / picture.width, height / picture.height);
  const [w, h] = [picture.width * scale, picture.height * scale];
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Where the plate of a box goes: above it, else below, else in it; nowhere where it would cover another or be cut off. */
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

  /** Draws the detections of a picture (only its width and height matter) and returns how many; `age` in seconds. */
  draw(detections, picture, { minScore, boxes, labels, age }) {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#fitPixels(width, height);
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    const visible = boxes && age < GONE_AT_S ? detections.filter(({ score }) => score >= minScore) : [];
    const area = pictureArea(width, height, picture);
    const items = visible
      .map((detection) => ({ ...detection, box: this.#toPixels(detection.box, area), colour: colourOf(detection.label) }))
      .sort((a, b) => a.score - b.score); // the surest is drawn last, on top
    context.globalAlpha = age <= FADE_FROM_S ? 1 : 1 - (0.8 * (age - FADE_FROM_S)) / (GONE_AT_S - FADE_FROM_S);
    for (const item of items) this.#drawBox(item);
    if (labels) this.#drawLabels(items.reverse(), area); // the surest chooses its place first
    context.globalAlpha = 1;
    return items.length;
  }

  #fitPixels(width, height) {
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (this.#canvas.width !== w) this.#canvas.width = w;
    if (this.#canvas.height !== h) this.#canvas.height = h;
    this.#context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }

  #toPixels([x1, y1, x2, y2], area) {
    const [left, right] = [x1, x2].map((x) => Math.round(area.x + x * area.w)); // whole pixels: lines stay sharp
    const [top, bottom] = [y1, y2].map((y) => Math.round(area.y + y * area.h));
    return { x: left, y: top, w: right - left, h: bottom - top };
  }

  #drawBox({ box, colour }) {
    // A dark line under the coloured one: one of the two stands out on any picture.
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
    for (const { label, score, box, colour } of items) {
      const text = `${label} ${score.toFixed(2)}`;
      const place = placePlate(box, Math.ceil(context.measureText(text).width) + 13, height, area, plates);
      if (place) plates.push({ ...place, text, colour });
    }
    for (const { text, colour, ...plate } of plates) {
      context.fillStyle = PLATE;
      context.fillRect(plate.x, plate.y, plate.w, plate.h);
      context.fillStyle = colour;
      context.fillRect(plate.x, plate.y, 3, plate.h);
      context.fillStyle = INK;
      context.fillText(text, plate.x + 8, plate.y + plate.h / 2 + 0.5);
    }
  }
}
