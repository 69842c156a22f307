// The editor: lines and zones are drawn on the video, and each change counts from the next frame on.

import { setText } from "../../shared/format.js";
import { Drawing } from "./drawing.js";
import { Exchange } from "./exchange.js";
import { RegionList } from "./region_list.js";
import { LEAST_POINTS, freeName, pointAt, regionsOf, toToml } from "./regions.js";
import { Surface } from "./surface.js";

const PATIENCE_MS = 5000; // for the server to answer
const STEP = 0.005; // of the frame, for an arrow key; ten of them with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
// What a button that is pressed with a key adds: its points are then moved with keys.
const AT_FIRST = {
  line: [[0.3, 0.5], [0.7, 0.5]],
  zone: [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]],
};
const HINTS = {
  none: "Line and Zone add one. Drag its points, or move them with the arrow keys. The arrow of a line is the direction in.",
  line: "Click where the line begins, then where it ends; or drag from one to the other.",
  zone: "Click the corners of the zone. Finish, Enter or a click on the first corner closes it; Escape discards it.",
};

const element = (id) => document.getElementById(id);

export class Editor {
  #surface;
  #list;
  #drawing;
  #exchange;
  #processors = [];
  #camera = null;
  #processor = null; // the name of the one whose regions are shown
  #regions = [];
  #selected = -1;
  #isRefused = false; // whether the message is a refusal, which stays until a change is in force

  /** `root` is the element of the viewer; `send(processor, lines and zones)` returns whether there is a connection. */
  constructor(root, send) {
    this.#exchange = new Exchange((processor, regions) => {
      const isSent = send(processor, regions);
      if (!isSent) this.#say("No connection: what is drawn counts once there is one.", { isRefused: true });
      return isSent;
    });
    this.#drawing = new Drawing((kind, points) => this.#add(kind, points), () => this.#show());
    this.#surface = new Surface(root, {
      onPress: (point) => (this.#drawing.kind ? this.#drawing.press(point, this.#surface) : this.#select(-1)),
      onRelease: (point) => this.#drawing.release(point, this.#surface),
      onHover: (point) => this.#drawing.hover(point),
      onSelect: (index) => this.#select(index),
      onDrag: (index, point, to) => this.#movePoint(index, point, to),
      onDrop: () => this.#exchange.flush(),
      onKey: (event, index, point) => this.#pressKey(event, index, point),
    });
    this.#list = new RegionList(element("regions"), {
      onSelect: (index) => this.#select(index),
      onRename: (index, name) => this.#change(() => (this.#regions[index].name = name)),
      onReverse: (index) => this.#change(() => this.#regions[index].points.reverse()),
      onDelete: (index) => this.#delete(index),
    });
    element("draw").addEventListener("click", () => this.#toggle());
    element("editor").addEventListener("keydown", (event) => event.stopPropagation()); // letters are keys of the page
    element("editor-processor").addEventListener("change", (event) => this.#choose(event.target.value));
    for (const kind of ["line", "zone"]) {
      element(`add-${kind}`).addEventListener("click", ({ detail }) => this.#begin(kind, detail === 0));
    }
    element("undo-point").addEventListener("click", () => this.#drawing.undo());
    element("finish-zone").addEventListener("click", () => this.#drawing.finish());
    element("copy-toml").addEventListener("click", () => this.#copy());
    element("save-regions").addEventListener("click", () => this.#save());
  }

  /** Takes the processors of a hello message, and whether viewers may save. */
  setProcessors(processors, maySave) {
    this.#processors = processors;
    element("save-regions").hidden = !maySave;
    const shown = processors.find(({ name }) => name === this.#processor);
    if (shown && this.#exchange.confirm(shown)) {
      this.#adopt(shown);
      if (this.#isRefused) this.#say("");
    }
    this.#offerProcessors();
  }

  /** Takes the name of the camera that is shown. */
  setCamera(camera) {
    if (camera !== this.#camera) this.#drawing.cancel();
    this.#camera = camera;
    this.#offerProcessors();
  }

  /** The connection is lost, or closed. */
  disconnect() {
    this.#exchange.disconnect();
  }

  /** Shows why the server refused what was sent. */
  refuse({ request, message }) {
    if (request !== "regions") return;
    this.#exchange.refuse();
    this.#say(message, { isRefused: true });
  }

  get #isOpen() {
    return !element("editor").hidden;
  }

  #toggle() {
    const isOpen = !this.#isOpen;
    element("editor").hidden = !isOpen;
    element("draw").setAttribute("aria-pressed", isOpen);
    this.#drawing.cancel();
    if (isOpen) this.#surface.open();
    else this.#surface.close();
    this.#show();
  }

  /** Offers the processors of the camera. A processor that does not track begins to with its first line. */
  #offerProcessors() {
    const ofCamera = this.#processors.filter(({ cameras }) => cameras.includes(this.#camera));
    const names = ofCamera.map(({ name }) => name);
    const select = element("editor-processor");
    const offered = [...select.options].map(({ value }) => value);
    if (names.join("\n") !== offered.join("\n")) select.replaceChildren(...names.map((name) => new Option(name)));
    element("editor-processors").hidden = names.length < 2;
    element("draw").hidden = !names.length;
    if (!names.length && this.#isOpen) this.#toggle();
    // At first that whose lines and zones are on the video.
    if (!names.includes(this.#processor)) this.#choose((ofCamera.find((each) => regionsOf(each).length) ?? ofCamera[0])?.name ?? null);
    select.value = this.#processor;
    this.#show();
  }

  #choose(name) {
    this.#exchange.flush();
    this.#drawing.cancel();
    this.#processor = name;
    this.#selected = -1;
    this.#adopt(this.#processors.find((each) => each.name === name) ?? {});
  }

  #adopt(processor) {
    this.#regions = regionsOf(processor);
    this.#selected = Math.min(this.#selected, this.#regions.length - 1);
    this.#show();
  }

  #begin(kind, isByKey) {
    if (this.#drawing.kind === kind) return this.#drawing.cancel();
    this.#select(-1);
    if (isByKey) this.#add(kind, AT_FIRST[kind]);
    else this.#drawing.begin(kind);
    this.#surface.focus(this.#selected, 0);
  }

  #add(kind, points) {
    this.#change(() => {
      const region = { kind, name: freeName(kind, this.#regions), points: points.map((each) => [...each]) };
      const index = kind === "line" ? this.#regions.filter((each) => each.kind === "line").length : this.#regions.length;
      this.#regions.splice(index, 0, region); // lines come first, as in the hello message
      this.#selected = index;
    });
    this.#exchange.flush();
  }

  #delete(index) {
    this.#change(() => this.#regions.splice(index, 1));
    this.#select(-1);
  }

  #movePoint(index, point, to) {
    this.#change(() => (this.#regions[index].points[point] = to));
  }

  #select(index) {
    this.#selected = index;
    this.#show();
  }

  #change(change) {
    change();
    if (!this.#isRefused) this.#say("");
    this.#exchange.put(this.#processor, this.#regions);
    this.#show();
  }

  #pressKey(event, index, point) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const region = this.#regions[index];
    if (event.key === "Enter" && this.#drawing.kind) this.#drawing.finish();
    else if (event.key === "Escape" && this.#drawing.kind) this.#drawing.cancel();
    else if (event.key === "Escape") this.#select(-1);
    else if (["Backspace", "Delete"].includes(event.key) && this.#drawing.kind) this.#drawing.undo();
    else if (["Backspace", "Delete"].includes(event.key) && region) this.#deletePoint(index, point);
    else if (event.key in ARROWS && region) {
      const [dx, dy] = ARROWS[event.key].map((step) => step * STEP * (event.shiftKey ? 10 : 1));
      const [x, y] = region.points[point];
      this.#movePoint(index, point, pointAt(x + dx, y + dy));
    } else return;
    event.preventDefault();
    event.stopPropagation(); // arrows are keys of the page, too
  }

  /** Deletes a corner of a zone, or a region that needs all of its points. */
  #deletePoint(index, point) {
    const { kind, points } = this.#regions[index];
    if (points.length > LEAST_POINTS[kind]) this.#change(() => points.splice(point, 1));
    else this.#delete(index);
  }

  async #copy() {
    const text = toToml(this.#processor, this.#regions, this.#processors.length === 1);
    element("toml").value = text;
    try {
      await navigator.clipboard.writeText(text);
      this.#say("Copied. Paste it into the settings file.");
    } catch {
      element("toml").hidden = false; // without permission, or on a page that has come by http from another machine
      element("toml").rows = text.split("\n").length;
      element("toml").select();
      this.#say("This browser does not let the page copy: copy the text below.");
    }
  }

  /** Saves what is in force to the settings file of the app, and shows its answer, unless a refusal is shown. */
  async #save() {
    element("save-regions").disabled = true;
    try {
      if (!(await this.#exchange.settle(PATIENCE_MS)) || this.#isRefused) return;
      const address = `api/regions?processor=${encodeURIComponent(this.#processor)}`;
      const answer = await fetch(address, { method: "POST", signal: AbortSignal.timeout(PATIENCE_MS) });
      this.#say(await answer.text(), { isRefused: !answer.ok });
    } catch {
      this.#say("Not saved: the server does not answer.", { isRefused: true });
    } finally {
      element("save-regions").disabled = false;
    }
  }

  #say(text, { isRefused = false } = {}) {
    this.#isRefused = isRefused;
    setText(element("editor-message"), text);
    element("editor-message").hidden = !text;
    element("editor-message").classList.toggle("refused", isRefused);
    if (!text) element("toml").hidden = true;
  }

  #show() {
    if (!this.#isOpen) return;
    const { kind, points } = this.#drawing;
    const cameras = this.#processors.find(({ name }) => name === this.#processor)?.cameras ?? [];
    setText(element("editor-scope"), cameras.length > 1 ? `for all cameras of ${this.#processor}: ${cameras.join(", ")}` : "");
    for (const each of ["line", "zone"]) element(`add-${each}`).setAttribute("aria-pressed", each === kind);
    element("undo-point").disabled = !points.length;
    element("finish-zone").disabled = kind !== "zone" || points.length < LEAST_POINTS.zone;
    setText(element("editor-hint"), HINTS[kind ?? "none"]);
    element("copy-toml").disabled = !this.#regions.length;
    this.#list.show(this.#regions, this.#selected);
    this.#surface.draw({ regions: this.#regions, selected: this.#selected, draft: kind ? this.#drawing : null });
  }
}
