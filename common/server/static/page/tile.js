// A tile of the wall: the live video of a camera with its boxes, its name, state, rate and age; a link to its full view.

import { fixed, milliseconds, setText } from "../shared/format.js";
import { CameraView } from "../viewer/camera_view.js";

const LABELS_FROM_PX = 400; // labels would cover the objects of a narrower tile

function newElement(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

export class Tile {
  element;
  view;
  #name;
  #state = newElement("span", "tile-state");
  #rate = newElement("span", "tile-rate");
  #age = newElement("span", "tile-age");
  #fault = newElement("p", "tile-fault");

  /** `onAck(frameId)` acknowledges a frame. */
  constructor(name, onAck) {
    this.#name = name;
    const video = newElement("div", "viewer", this.#fault);
    const caption = newElement("div", "tile-caption", newElement("strong", "", name), this.#state, this.#rate, this.#age);
    this.element = newElement("a", "tile", video, caption);
    caption.title = name; // a long one is cut
    this.element.href = `#${encodeURIComponent(name)}`;
    this.view = new CameraView(video, `Live video of ${name}`, onAck, () => {});
  }

  /** Applies the choices of the viewer. */
  choose(choices) {
    this.view.choose({ ...choices, labels: choices.labels && this.element.clientWidth >= LABELS_FROM_PX });
  }

  /** Shows the present state and figures. */
  refresh() {
    const { state, faults, painted, frameAge } = this.view;
    this.element.dataset.state = state.name;
    this.element.ariaLabel = state.text ? `${this.#name}, ${state.text}` : this.#name;
    setText(this.#state, state.text);
    setText(this.#fault, faults.join("\n"));
    this.#fault.hidden = !faults.length;
    const age_s = frameAge.value();
    setText(this.#rate, ["ok", "degraded"].includes(state.name) ? `${fixed(painted.perSecond(), 1)} FPS` : "");
    setText(this.#age, state.name === "ok" ? milliseconds(age_s === null ? null : 1000 * age_s) : "");
  }
}
