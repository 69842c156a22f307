// A drawing: the points of a line or zone that is not finished yet.

import { LEAST_POINTS, MOST_POINTS } from "./regions.js";

const CLOSE_PX = 14; // around the first corner of a zone: a click there closes it
const DRAG_PX = 12; // a pointer that moves farther while it is pressed drags

export class Drawing {
  kind = null; // "line", "zone", or null while nothing is drawn
  points = [];
  hoverPoint = null;
  #onFinish;
  #onChange;

  /** `onFinish(kind, points)` is called with a complete region, `onChange()` after every change. */
  constructor(onFinish, onChange) {
    this.#onFinish = onFinish;
    this.#onChange = onChange;
  }

  begin(kind) {
    this.#reset(kind);
  }

  cancel() {
    this.#reset(null);
  }

  /** Adds a point, or closes a zone at its first corner. */
  press(point, surface) {
    const [first] = this.points;
    if (this.#isComplete && surface.distance(first, point) < CLOSE_PX) return this.finish();
    if (this.points.length && surface.distance(this.points.at(-1), point) < 1) return; // a double click
    this.points.push(point);
    if (this.points.length === MOST_POINTS[this.kind]) this.finish();
    else this.#onChange();
  }

  /** Ends a line that was dragged from its first point. */
  release(point, surface) {
    const isDragged = this.kind === "line" && this.points.length === 1 && surface.distance(this.points[0], point) > DRAG_PX;
    if (isDragged) this.press(point, surface);
  }

  /** Shows where the next point would be. */
  hover(point) {
    if (!this.kind) return;
    this.hoverPoint = point;
    this.#onChange();
  }

  undo() {
    this.points.pop();
    this.#onChange();
  }

  finish() {
    if (!this.#isComplete) return;
    const { kind, points } = this;
    this.#reset(null);
    this.#onFinish(kind, points);
  }

  get #isComplete() {
    return this.kind !== null && this.points.length >= LEAST_POINTS[this.kind];
  }

  #reset(kind) {
    this.kind = kind;
    this.points = [];
    this.hoverPoint = null;
    this.#onChange();
  }
}
