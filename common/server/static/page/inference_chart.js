// The inference chart: times of the last minute, a dot for each detections message, the median as a line.

import { drawLevel, drawTimeAxis, startDrawing } from "../shared/canvas.js";
import { setText } from "../shared/format.js";
import { median } from "../shared/measurements.js";
import { timeOf } from "../shared/processing_time.js";

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
  #heading;
  #processors = [];
  #styles = new Map();
  #camera = null;
  #time = "inference";

  /** `heading` is the element for the name of what is drawn. */
  constructor(canvas, heading) {
    this.#canvas = canvas;
    this.#heading = heading;
  }

  /** Draws the dots of each processor in its style; of a single one, which has none, in the colour of the page. */
  setProcessors(processors, styles) {
    this.#processors = processors;
    this.#styles = styles;
    this.#nameTime();
  }

  /** Draws the times of this camera from now on. */
  setCamera(name) {
    this.#camera = name;
    this.#points = [];
    this.#nameTime();
  }

  /** Adds the time of a detections message. */
  add({ processor, inference_ms, processing_ms }) {
    const value = this.#time === "inference" ? inference_ms : processing_ms;
    this.#points.push({ at: now_s(), value, processor });
  }

  #nameTime() {
    this.#time = timeOf(this.#processors.filter(({ cameras }) => cameras.includes(this.#camera)));
    setText(this.#heading, this.#time === "inference" ? "Inference" : "Processing");
    this.#canvas.ariaLabel = `${this.#heading.textContent} time over the last minute`;
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
    if (!this.#styles.size) {
      context.strokeStyle = colour("--muted");
      drawLevel(context, { left: x(this.#points[0].at), right: x(now), y: y(this.median()), text: "", dashes: [4, 4] });
    }
    const dot = (point, radius, fill) => {
      context.fillStyle = fill;
      context.beginPath();
      context.arc(x(point.at), y(point.value), radius, 0, 2 * Math.PI);
      context.fill();
    };
    for (const point of this.#points) {
      const style = this.#styles.get(point.processor);
      if (style) dot(point, 2.6, colour("--muted")); // an edge: a light colour may be that of the ground
      dot(point, 1.6, style?.colour ?? colour("--accent"));
    }
  }
}
