// The surface of the editor: regions and their points over the frame, and what the pointer does to them. Their names are
// drawn by the viewer, as those of all shapes.

import { pointAt } from "./regions.js";

const SVG = "http://www.w3.org/2000/svg";
const RADIUS = { dot: 7, hit: 20, ring: 12 }; // in CSS pixels
const ARROW_PX = 26;

/** Adds or removes children at the end of `parent` until there are `count`: the focused one stays the same. */
function fit(parent, count, make) {
  while (parent.children.length > count) parent.lastChild.remove();
  while (parent.children.length < count) parent.append(make());
  return [...parent.children];
}

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const path = (points, isClosed) => points.map(([x, y], index) => `${index ? "L" : "M"}${x} ${y}`).join("") + (isClosed ? "Z" : "");

const makeRegion = () =>
  svg("g", { class: "region" },
    svg("path", { class: "under" }), svg("path", { class: "edge" }), svg("path", { class: "arrow" }), svg("g"));

const makeHandle = () =>
  svg("g", { class: "handle", role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuemax": 100 },
    svg("circle", { class: "hit" }), svg("circle", { class: "ring" }), svg("circle", { class: "dot" }));

export class Surface {
  #root;
  #svg = svg("svg", { class: "surface", role: "group", tabindex: -1, "aria-label": "Lines and zones on the video" });
  #regions = svg("g");
  #draft = svg("g", { class: "draft" }, svg("path", { class: "under" }), svg("path", { class: "edge" }), svg("g"));
  #state = null;
  #dragged = null; // { region, point } while a point is dragged
  #handlers;

  /**
   * Handlers, with points as fractions of the frame: onPress(point), onRelease(point), onHover(point or null) beside the
   * points of regions; onSelect(region, point or null); onDrag(region, point, to), onDrop(); onKey(event, region, point).
   */
  constructor(root, handlers) {
    this.#root = root;
    this.#handlers = handlers;
    this.#svg.append(this.#regions, this.#draft);
    this.#svg.addEventListener("pointerdown", (event) => this.#onDown(event));
    this.#svg.addEventListener("pointermove", (event) => this.#onMove(event));
    this.#svg.addEventListener("pointerup", (event) => this.#onUp(event));
    this.#svg.addEventListener("pointercancel", () => this.#endDrag());
    this.#svg.addEventListener("pointerleave", () => this.#handlers.onHover(null));
    this.#svg.addEventListener("keydown", (event) => {
      const handle = event.target.closest(".handle");
      this.#handlers.onKey(event, ...(handle ? this.#placeOf(handle) : [null, null]));
    });
    const redraw = () => this.#state && this.draw(this.#state);
    new ResizeObserver(redraw).observe(root);
    new MutationObserver(redraw).observe(this.#video, { attributeFilter: ["width", "height"] }); // another camera
  }

  open() {
    this.#root.querySelector(".overlay").after(this.#svg); // below the controls of the viewer
  }

  close() {
    this.#dragged = null;
    this.#svg.remove();
  }

  /** The distance of two points of the frame in CSS pixels. */
  distance([x1, y1], [x2, y2]) {
    const { width, height } = this.#video;
    return Math.hypot((x2 - x1) * width, (y2 - y1) * height) / this.#unit;
  }

  /** Gives the keys to a point of a region, or to what is being drawn. */
  focus(region, point) {
    (this.#regions.children[region]?.lastChild.children[point] ?? this.#svg).focus();
  }

  /** Draws `regions`, of which one may be `selected`, and the `draft` that is being drawn: its points and its kind. */
  draw(state) {
    this.#state = state;
    if (!this.#svg.isConnected) return;
    const { width, height } = this.#video;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`); // its letterbox is that of the video
    this.#svg.classList.toggle("drawing", state.draft !== null);
    const groups = fit(this.#regions, state.regions.length, makeRegion);
    state.regions.forEach((region, index) => this.#drawRegion(groups[index], region, index === state.selected));
    this.#drawDraft(state.draft);
  }

  get #video() {
    return this.#root.querySelector(".video");
  }

  /** Pixels of the frame in a CSS pixel. */
  get #unit() {
    return 1 / (this.#svg.getScreenCTM()?.a || 1);
  }

  #toPixels = ([x, y]) => [x * this.#video.width, y * this.#video.height];

  #drawRegion(group, { kind, name, points }, isSelected) {
    const [under, edge, arrow, handles] = group.children;
    const pixels = points.map(this.#toPixels);
    const outline = path(pixels, kind === "zone");
    group.classList.toggle("selected", isSelected);
    group.classList.toggle("zone", kind === "zone");
    for (const each of [under, edge]) each.setAttribute("d", outline);
    arrow.setAttribute("d", kind === "line" ? this.#arrow(pixels) : "");
    const places = fit(handles, points.length, makeHandle);
    points.forEach((point, index) => this.#drawHandle(places[index], point, `Point ${index + 1} of ${name}`));
  }

  /** An arrow from the middle of a line to the side that counts as in. */
  #arrow([[x1, y1], [x2, y2]]) {
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (!length) return "";
    const [along, size] = [[(x2 - x1) / length, (y2 - y1) / length], ARROW_PX * this.#unit];
    const at = (forward, aside) => [
      (x1 + x2) / 2 + size * (-along[1] * forward + along[0] * aside),
      (y1 + y2) / 2 + size * (along[0] * forward + along[1] * aside),
    ];
    return path([at(0, 0), at(1, 0)]) + path([at(0.6, -0.3), at(1, 0), at(0.6, 0.3)]);
  }

  #drawHandle(handle, [x, y], label) {
    const [px, py] = this.#toPixels([x, y]);
    handle.setAttribute("transform", `translate(${px} ${py}) scale(${this.#unit})`);
    for (const circle of handle.children) circle.setAttribute("r", RADIUS[circle.classList[0]]);
    const [left, top] = [x, y].map((value) => Math.round(100 * value));
    handle.setAttribute("aria-label", label);
    handle.setAttribute("aria-valuenow", left);
    handle.setAttribute("aria-valuetext", `${left} % from the left, ${top} % from the top`);
  }

  #drawDraft(draft) {
    const [under, edge, dots] = this.#draft.children;
    const points = draft ? draft.points : [];
    const corners = draft?.hoverPoint && points.length ? [...points, draft.hoverPoint] : points;
    for (const each of [under, edge]) each.setAttribute("d", path(corners.map(this.#toPixels), false));
    const circles = fit(dots, points.length, () => svg("circle", { class: "dot" }));
    points.map(this.#toPixels).forEach(([x, y], index) => {
      circles[index].setAttribute("transform", `translate(${x} ${y}) scale(${this.#unit})`);
      circles[index].setAttribute("r", RADIUS.dot);
    });
  }

  #placeOf(handle) {
    const region = handle.closest(".region");
    return [[...this.#regions.children].indexOf(region), [...handle.parentNode.children].indexOf(handle)];
  }

  /** The point of the frame below the pointer. */
  #pointOf({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.#svg.getScreenCTM().inverse());
    return pointAt(x / this.#video.width, y / this.#video.height);
  }

  #onDown(event) {
    if (!event.isPrimary || event.button !== 0) return;
    event.preventDefault(); // of selecting text; the focus is set here
    this.#svg.setPointerCapture(event.pointerId);
    const [handle, region] = [event.target.closest(".handle"), event.target.closest(".region")];
    (handle ?? this.#svg).focus();
    if (this.#state.draft || !region) return this.#handlers.onPress(this.#pointOf(event));
    if (!handle) return this.#handlers.onSelect([...this.#regions.children].indexOf(region));
    const [index, point] = this.#placeOf(handle);
    this.#dragged = { region: index, point };
    this.#handlers.onSelect(index);
  }

  #onMove(event) {
    if (this.#dragged) this.#handlers.onDrag(this.#dragged.region, this.#dragged.point, this.#pointOf(event));
    else this.#handlers.onHover(this.#pointOf(event));
  }

  #onUp(event) {
    if (this.#dragged) this.#endDrag();
    else this.#handlers.onRelease(this.#pointOf(event));
  }

  #endDrag() {
    if (this.#dragged) this.#handlers.onDrop();
    this.#dragged = null;
  }
}
