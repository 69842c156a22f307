// The lanes: the intervals of both streams over the last half minute, one lane each, on one time axis and one scale.

import { KEPT_S } from "./intervals.js";

const LEAST_TOP_MS = 150;
const STEP_MS = 50;
const MOST_TOP_MS = 300; // a longer gap is drawn at the upper edge: it would press all others flat
const MARGIN = { left: 0, right: 58, top: 22, bottom: 20, between: 24 };

export class Lanes {
  #canvas;
  #context;
  #lanes;

  /** `lanes`: [{ title, colour, intervals }], the colour as a property of the style sheet. */
  constructor(canvas, lanes) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#lanes = lanes;
  }

  /** Draws the last half minute up to now. */
  draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#canvas.width = Math.round(width * devicePixelRatio); // setting it clears the canvas, too
    this.#canvas.height = Math.round(height * devicePixelRatio);
    this.#context.scale(devicePixelRatio, devicePixelRatio);
    const style = getComputedStyle(this.#canvas);
    const colour = (name) => style.getPropertyValue(name);
    this.#context.font = `12px ${style.fontFamily}`;

    const now = performance.now() / 1000;
    const longest = Math.max(0, ...this.#lanes.flatMap(({ intervals }) => intervals.points.map(({ ms }) => ms)));
    const top = Math.min(MOST_TOP_MS, Math.max(LEAST_TOP_MS, STEP_MS * Math.ceil(longest / STEP_MS)));
    const h = (height - MARGIN.top - MARGIN.bottom - MARGIN.between) / this.#lanes.length;
    const w = width - MARGIN.left - MARGIN.right;
    const x = (at) => MARGIN.left + w * (1 - (now - at) / KEPT_S);
    this.#lanes.forEach((lane, index) => {
      const ground = MARGIN.top + index * (h + MARGIN.between) + h;
      const y = (ms) => ground - (h * Math.min(ms, top)) / top;
      this.#drawScale(lane, { w, y, top }, colour);
      this.#drawIntervals(lane, x, y, colour(lane.colour));
    });
    this.#drawTime(w, height, colour("--muted"));
  }

  #drawScale({ title, colour: own, intervals }, { w, y, top }, colour) {
    const context = this.#context;
    const line = (ms, text, dashes) => {
      const level = Math.round(y(ms)) + 0.5;
      context.setLineDash(dashes);
      context.beginPath();
      context.moveTo(MARGIN.left, level);
      context.lineTo(MARGIN.left + w, level);
      context.stroke();
      context.setLineDash([]);
      context.fillText(text, MARGIN.left + w + 6, level);
    };
    context.textBaseline = "middle";
    context.fillStyle = colour("--muted");
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    line(0, "0", []);
    line(top, `${top} ms`, []);
    if (intervals.due_ms) {
      context.strokeStyle = colour("--muted");
      line(intervals.due_ms, intervals.due_ms.toFixed(1), [4, 4]);
    }
    context.fillStyle = colour(own);
    context.fillText(title, MARGIN.left, y(top) - 11);
  }

  /** A dot where an interval ends, hung on the line where it was due: a smooth stream is flat, a stutter has hair. */
  #drawIntervals({ intervals }, x, y, colour) {
    const [stems, dots] = [new Path2D(), new Path2D()]; // hundreds at one stroke: drawn singly they would delay frames
    for (const { at, ms, late } of intervals.points) {
      const radius = late ? 3.5 : 1.6;
      stems.moveTo(x(at), y(intervals.due_ms ?? ms));
      stems.lineTo(x(at), y(ms));
      dots.moveTo(x(at) + radius, y(ms));
      dots.arc(x(at), y(ms), radius, 0, 2 * Math.PI);
    }
    const context = this.#context;
    context.fillStyle = context.strokeStyle = colour;
    context.globalAlpha = 0.45;
    context.stroke(stems);
    context.globalAlpha = 1;
    context.fill(dots);
  }

  #drawTime(w, height, ink) {
    const context = this.#context;
    context.fillStyle = ink;
    context.textBaseline = "bottom";
    context.fillText(`${KEPT_S} s ago`, MARGIN.left, height);
    context.textAlign = "right";
    context.fillText("now", MARGIN.left + w, height);
    context.textAlign = "left";
  }
}
