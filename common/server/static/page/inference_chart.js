// The inference chart: inference times of the last minute, a dot for each detections message, the median as a line.

import { drawLevel, drawTimeAxis, startDrawing } from "../shared/canvas.js";
import { median } from "../shared/measurements.js";

const SPAN_S = 60;
const LOWEST_TOP_MS = 10;
const STEPS = [1, 2, 5, 10];
const FONT_PX = 11;
const LABEL_GAP = 8; // px beside the labels of the scale

const now_s = () => performance.now() / 1000;

/** The next of 1, 2, 5 × 10ⁿ at or above `value`: the top of the scale. */
function scaleTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return STEPS.find((step) => step * power >= value) * power;
}

export class InferenceChart {
  #canvas;
  #points = [];

  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** Adds an inference time in ms. */
  add(value) {
    this.#points.push({ at: now_s(), value });
  }

  /** The median of the last minute in ms; null without values. */
  median() {
    return median(this.#points.map(({ value }) => value));
  }

  latest() {
    return this.#points.at(-1)?.value ?? null;
  }

  /** Draws the last minute. */
  draw() {
    const now = now_s();
    while (this.#points.length && this.#points[0].at < now - SPAN_S) this.#points.shift();
    const { context, width, height, colour } = startDrawing(this.#canvas, FONT_PX);
    const top = scaleTop(Math.max(LOWEST_TOP_MS, ...this.#points.map(({ value }) => value)));
    const topText = `${top} ms`;
    const right = width - context.measureText(topText).width - LABEL_GAP;
    const plot = { left: 0, right, top: 8, bottom: height - 18 };
    const x = (at) => plot.left + (plot.right - plot.left) * (1 - (now - at) / SPAN_S);
    const y = (value) => plot.bottom - (plot.bottom - plot.top) * (value / top);

    context.fillStyle = colour("--muted");
    context.strokeStyle = colour("--line");
    for (const [value, text] of [[0, "0"], [top / 2, `${top / 2}`], [top, topText]]) {
      drawLevel(context, { ...plot, y: y(value), text });
    }
    drawTimeAxis(context, { ...plot, bottom: height, span_s: SPAN_S });
    if (!this.#points.length) return;
    context.strokeStyle = colour("--muted");
    drawLevel(context, { left: x(this.#points[0].at), right: x(now), y: y(this.median()), text: "", dashes: [4, 4] });
    context.fillStyle = colour("--accent");
    for (const { at, value } of this.#points) {
      context.beginPath();
      context.arc(x(at), y(value), 1.6, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
