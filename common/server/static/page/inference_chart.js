// The strip chart: inference time over the last minute, one dot a detection message, with the median as a line.

import { median } from "../shared/measurements.js";

const SPAN_S = 60;
const NICE_STEPS = [1, 2, 5, 10];

/** The next of 1, 2, 5 × 10ⁿ at or above `value`: the top of a scale that people read at a glance. */
function niceCeiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return NICE_STEPS.find((step) => step * power >= value) * power;
}

export class StripChart {
  #canvas;
  #context;
  #points = [];

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
  }

  add(value) {
    this.#points.push({ at: performance.now() / 1000, value });
  }

  median() {
    return median(this.#points.map(({ value }) => value));
  }

  latest() {
    return this.#points.at(-1)?.value ?? null;
  }

  /** Draws the last minute up to now, in the colours of the style sheet, whichever theme is on. */
  draw() {
    const now = performance.now() / 1000;
    while (this.#points.length && this.#points[0].at < now - SPAN_S) this.#points.shift();
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#canvas.width = Math.round(width * devicePixelRatio); // setting it clears the canvas, too
    this.#canvas.height = Math.round(height * devicePixelRatio);
    this.#context.scale(devicePixelRatio, devicePixelRatio);
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(name);
    const top = niceCeiling(Math.max(10, ...this.#points.map(({ value }) => value)));
    const plot = { x: 0, y: 8, w: width - 52, h: height - 26 };
    const x = (at) => plot.x + plot.w * (1 - (now - at) / SPAN_S);
    const y = (value) => plot.y + plot.h * (1 - value / top);

    this.#context.font = `11px ${style.fontFamily}`;
    this.#drawScale(plot, y, top, colour("--line"), colour("--muted"));
    if (!this.#points.length) return;
    this.#drawMedian(x(this.#points[0].at), x(now), y(this.median()), colour("--muted"));
    this.#drawPoints(x, y, colour("--accent"));
  }

  #drawScale(plot, y, top, line, ink) {
    const context = this.#context;
    context.fillStyle = ink;
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.textBaseline = "middle";
    for (const value of [0, top / 2, top]) {
      const level = Math.round(y(value)) + 0.5;
      context.beginPath();
      context.moveTo(plot.x, level);
      context.lineTo(plot.x + plot.w, level);
      context.stroke();
      context.fillText(value === top ? `${value} ms` : value, plot.x + plot.w + 6, level);
    }
    context.textBaseline = "bottom";
    const bottom = plot.y + plot.h + 18;
    context.fillText(`${SPAN_S} s ago`, plot.x, bottom);
    context.textAlign = "right";
    context.fillText("now", plot.x + plot.w, bottom);
    context.textAlign = "left";
  }

  #drawMedian(from, to, level, colour) {
    const context = this.#context;
    context.strokeStyle = colour;
    context.setLineDash([4, 4]);
    context.beginPath();
    context.moveTo(from, level);
    context.lineTo(to, level);
    context.stroke();
    context.setLineDash([]);
  }

  #drawPoints(x, y, colour) {
    this.#context.fillStyle = colour;
    for (const { at, value } of this.#points) {
      this.#context.beginPath();
      this.#context.arc(x(at), y(value), 1.6, 0, 2 * Math.PI);
      this.#context.fill();
    }
  }
}
