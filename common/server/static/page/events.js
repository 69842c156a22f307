// The events of processors: a list with time, camera, text and thumbnail, the newest first.

const SHOWN = 30;

/** The time of an event, with the date if it was not today. */
function timeText(date) {
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? date.toLocaleTimeString() : date.toLocaleString();
}

function newElement(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function newItem({ event_id, camera, processor, captured_at, kind, text, thumbnail }, names) {
  const item = document.createElement("li");
  item.dataset.id = event_id;
  const date = new Date(captured_at * 1000);
  const time = newElement("time", "", timeText(date));
  if (!Number.isNaN(date.getTime())) time.dateTime = date.toISOString();
  if (thumbnail) {
    const image = document.createElement("img");
    image.alt = ""; // the text describes it
    image.src = `data:image/jpeg;base64,${thumbnail}`;
    item.append(image);
  }
  const about = newElement("p", "about", "");
  about.append(time, ` ${[names.camera && camera, names.processor && processor].filter(Boolean).join(" · ")}`);
  item.append(newElement("p", "text", text || kind), about);
  return item;
}

export class Events {
  #section;
  #list;
  #camera = null; // of those in the list; null: all
  #events = new Map(); // by id, the oldest first
  #arrived = new Map(); // those since the last request
  #isCurrent = false; // whether the list has everything since the connection was made
  #severalCameras = false;
  #severalProcessors = false;

  /** `section` is hidden while there are no events; `list` is the element for them. */
  constructor(section, list) {
    this.#section = section;
    this.#list = list;
  }

  setCameras(names) {
    this.#severalCameras = names.length > 1;
  }

  setProcessors(processors) {
    this.#severalProcessors = processors.length > 1;
  }

  /** Shows the events of one camera, or of all where `name` is null; to be called after each connection too. */
  setCamera(name) {
    if (name !== this.#camera) {
      this.#events.clear();
      this.#list.replaceChildren();
    } else if (this.#isCurrent) return;
    this.#camera = name;
    this.#isCurrent = true;
    this.#load();
  }

  /** Events may be missed from now on, until setCamera() is called. */
  disconnect() {
    this.#isCurrent = false;
  }

  /** Adds an event that has just arrived. */
  add(event) {
    if (this.#camera !== null && event.camera !== this.#camera) return;
    this.#events.set(event.event_id, event);
    this.#arrived.set(event.event_id, event);
    this.#show();
  }

  async #load() {
    const camera = this.#camera;
    const before = [...this.#events];
    this.#arrived = new Map();
    const query = camera === null ? "" : `&camera=${encodeURIComponent(camera)}`;
    try {
      const response = await fetch(`api/events?limit=${SHOWN}${query}`);
      if (!response.ok || camera !== this.#camera) return;
      const { events } = await response.json();
      const loaded = events.map((event) => [event.event_id, event]);
      this.#events = new Map([...before, ...loaded, ...this.#arrived]); // an id keeps its first place
      this.#show();
    } catch {
      this.#isCurrent = false; // the connection is lost; the next one loads again
    }
  }

  /** Brings the list up to date; items that stay are not replaced, so that a selection survives. */
  #show() {
    const surplus = this.#events.size - SHOWN;
    for (const id of [...this.#events.keys()].slice(0, Math.max(0, surplus))) this.#events.delete(id);
    const items = new Map([...this.#list.children].map((item) => [item.dataset.id, item]));
    const names = { camera: this.#severalCameras && this.#camera === null, processor: this.#severalProcessors };
    const wanted = [...this.#events.values()].reverse();
    this.#list.replaceChildren(...wanted.map((event) => items.get(event.event_id) ?? newItem(event, names)));
    this.#section.hidden = !wanted.length;
  }
}
