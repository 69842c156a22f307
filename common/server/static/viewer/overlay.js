// The overlay: boxes, shapes and labels at the resolution of the screen, legible on any frame and inside it.

import { colourOfLabel } from "./layer_styles.js";
import { PLATE, Plates } from "./plates.js";

const FADE_FROM_S = 1; // older boxes are likely to be off their object: they fade until GONE_AT_S
export const GONE_AT_S = 2;
const FILL_SHARE = 0.12; // of the opacity of a polygon's edge

/** The area that a frame covers in an element of `width` × `height` with `object-fit: contain`. */
function frameArea(width, height, frame) {
  const scale = Math.min(width / frame.width, height / frame.height);
  const [w, h] = [frame.width * scale, frame.height * scale];
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

/** The opacity of what was found `age_s` ago. */
const opacityAt = (age_s) => (age_s <= FADE_FROM_S ? 1 : 1 - (0.8 * (age_s - FADE_FROM_S)) / (GONE_AT_S - FADE_FROM_S));

export class Overlay {
  #canvas;
  #context;
  #isBlank = true;

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  /**
   * Draws layers over a frame of which width and height are used, and returns the number of boxes. A layer has `items`
   * (label, score, box, optional alpha), `shapes`, `style` and `age_s`, the age of its detections.
   */
  draw(layers, frame, { labels }) {
    const drawn = layers.filter(({ age_s }) => age_s < GONE_AT_S);
    if (this.#isBlank && !drawn.length) return 0; // the browser composites only what was drawn on
    this.#isBlank = !drawn.length;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#fitResolution(width, height);
    this.#context.clearRect(0, 0, width, height);
    const area = frameArea(width, height, frame);
    const plates = new Plates(this.#context, area);
    for (const layer of drawn) this.#drawShapes(layer, area, labels, plates);
    const boxes = drawn.flatMap((layer) => boxesOf(layer, area)).sort((a, b) => a.score - b.score);
    for (const box of boxes) this.#drawBox(box); // the highest score is drawn last, on top
    if (labels) for (const { box, text, colour, alpha } of boxes.toReversed()) plates.addToBox(box, text, { colour, alpha });
    plates.draw();
    this.#context.globalAlpha = 1;
    return boxes.length;
  }

  #fitResolution(width, height) {
    const [w, h] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (this.#canvas.width !== w) this.#canvas.width = w;
    if (this.#canvas.height !== h) this.#canvas.height = h;
    this.#context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  }

  #drawShapes({ shapes, style, age_s }, area, labels, plates) {
    const look = { colour: style.colour, alpha: opacityAt(age_s) };
    for (const { type, points, point, text } of shapes) {
      if (type === "text") {
        plates.addAt(toPixels(point, area), text, look);
      } else if (type === "line" || type === "polygon") {
        const corners = points.map((each) => toPixels(each, area));
        this.#drawPath(corners, type === "polygon", { ...look, dashes: style.dashes });
        if (text && labels) plates.addAt(corners.reduce((top, each) => (each.y < top.y ? each : top)), text, look);
      }
    }
  }

  #drawPath(corners, isClosed, { colour, alpha, dashes }) {
    const path = new Path2D();
    for (const { x, y } of corners) path.lineTo(x, y);
    if (isClosed) {
      path.closePath();
      this.#context.globalAlpha = alpha * FILL_SHARE;
      this.#context.fillStyle = colour;
      this.#context.fill(path);
    }
    this.#stroke(path, { colour, alpha, dashes });
  }

  #drawBox({ box, ...look }) {
    const path = new Path2D();
    path.rect(box.x, box.y, box.w, box.h);
    this.#stroke(path, look);
  }

  /** Strokes a dark line under a coloured one: one of the two contrasts with any background. */
  #stroke(path, { colour, alpha, dashes }) {
    const context = this.#context;
    context.globalAlpha = alpha;
    for (const [style, width, pattern] of [[PLATE, 4, []], [colour, 2, dashes]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.setLineDash(pattern);
      context.stroke(path);
    }
    context.setLineDash([]);
  }
}

/** The boxes of a layer: place in CSS pixels, text, score, and how they are drawn. */
function boxesOf({ items, style, age_s }, area) {
  return items.map(({ label, score, box: [x1, y1, x2, y2], alpha = 1 }) => {
    const { x, y } = toPixels([x1, y1], area);
    const { x: right, y: bottom } = toPixels([x2, y2], area);
    return {
      text: `${label} ${score.toFixed(2)}`,
      score,
      colour: style.byLabel ? colourOfLabel(label) : style.colour,
      dashes: style.dashes,
      alpha: opacityAt(age_s) * alpha,
      box: { x, y, w: right - x, h: bottom - y },
    };
  });
}

/** A point of the frame in whole pixels: lines are sharp. */
const toPixels = ([x, y], area) => ({ x: Math.round(area.x + x * area.w), y: Math.round(area.y + y * area.h) });
