// The interval chart: the intervals between frames of each implementation over the last half minute, on one scale.

import { drawLevel, drawTimeAxis, startDrawing } from "../shared/canvas.js";
import { KEPT_S } from "./intervals.js";

const LOWEST_TOP_MS = 150;
const HIGHEST_TOP_MS = 300; // longer intervals are drawn at the upper edge: they would flatten all others
const STEP_MS = 50;
const FONT_PX = 12;
const MARGIN = { right: 58, top: 22, bottom: 20, between: 24 };

export class IntervalChart {
  #canvas;
  #series;

  /** `series`: [{ title, colour, intervals }], drawn one above the other; `colour` is a custom property. */
  constructor(canvas, series) {
    this.#canvas = canvas;
    this.#series = series;
  }

  /** Draws the last half minute. */
  draw() {
    const { context, width, height, colour } = startDrawing(this.#canvas, FONT_PX);
    const now = performance.now() / 1000;
    const longest = Math.max(0, ...this.#series.flatMap(({ intervals }) => intervals.points.map(({ ms }) => ms)));
    const top = Math.min(HIGHEST_TOP_MS, Math.max(LOWEST_TOP_MS, STEP_MS * Math.ceil(longest / STEP_MS)));
    const h = (height - MARGIN.top - MARGIN.bottom - MARGIN.between) / this.#series.length;
    const plot = { left: 0, right: width - MARGIN.right };
    const x = (at) => plot.left + (plot.right - plot.left) * (1 - (now - at) / KEPT_S);
    this.#series.forEach(({ title, colour: name, intervals }, index) => {
      const bottom = MARGIN.top + index * (h + MARGIN.between) + h;
      const y = (ms) => bottom - (h * Math.min(ms, top)) / top;
      context.fillStyle = colour("--muted");
      context.strokeStyle = colour("--line");
      drawLevel(context, { ...plot, y: y(0), text: "0" });
      drawLevel(context, { ...plot, y: y(top), text: `${top} ms` });
      context.strokeStyle = colour("--muted");
      const due = intervals.due_ms;
      if (due) drawLevel(context, { ...plot, y: y(due), text: due.toFixed(1), dashes: [4, 4] });
      context.fillStyle = context.strokeStyle = colour(name);
      context.fillText(title, plot.left, y(top) - 11);
      drawIntervals(context, intervals, x, y);
    });
    context.fillStyle = colour("--muted");
    drawTimeAxis(context, { ...plot, bottom: height, span_s: KEPT_S });
  }
}

/** A dot where each interval ends, with a stem from the line of the interval that is due. */
function drawIntervals(context, { points, due_ms }, x, y) {
  const [stems, dots] = [new Path2D(), new Path2D()]; // two strokes for hundreds of points: fast enough to delay no frame
  for (const { at, ms, late } of points) {
    const radius = late ? 3.5 : 1.6;
    stems.moveTo(x(at), y(due_ms ?? ms));
    stems.lineTo(x(at), y(ms));
    dots.moveTo(x(at) + radius, y(ms));
    dots.arc(x(at), y(ms), radius, 0, 2 * Math.PI);
  }
  context.globalAlpha = 0.45;
  context.stroke(stems);
  context.globalAlpha = 1;
  context.fill(dots);
}
