// The tabs of several cameras: the one that is shown is the fragment of the address.

const FAULTS = ["failed", "lost", "restarting", "degraded"]; // by severity

export class CameraTabs {
  #root;
  #onSelect;
  #names = [];
  #shown = null;

  /** `onSelect(name)` is called when the viewer chooses a camera: by click, arrow key or address, null without a name. */
  constructor(root, onSelect) {
    this.#root = root;
    this.#onSelect = onSelect;
    root.addEventListener("click", ({ target }) => target.dataset.camera && onSelect(target.dataset.camera));
    addEventListener("hashchange", () => onSelect(this.nameInAddress()));
    document.addEventListener("click", (event) => this.#follow(event));
    document.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.isOneOfSeveral || this.#shown === null || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, select")) return; // the arrow is for that element
      const index = this.#names.indexOf(this.#shown) + step + this.#names.length;
      onSelect(this.#names[index % this.#names.length]);
      if (this.#root.contains(document.activeElement)) this.focus();
    });
  }

  get isOneOfSeveral() {
    return this.#names.length > 1;
  }

  get count() {
    return this.#names.length;
  }

  has(name) {
    return this.#names.includes(name);
  }

  /** Shows the camera that a fragment names, as if a link to it was followed. */
  open(fragment) {
    history.pushState(null, "", fragment);
    this.#onSelect(this.nameInAddress());
  }

  /** Moves the focus to the tab of the camera that is shown. */
  focus() {
    this.#root.querySelector("[aria-selected=true]").focus();
  }

  /** The camera that the address names; null without a name. */
  nameInAddress() {
    try {
      return decodeURIComponent(location.hash.slice(1)) || null;
    } catch {
      return null; // not an encoded name
    }
  }

  /** Shows a tab for each camera where there are several. */
  setCameras(names) {
    this.#root.hidden = names.length < 2;
    if (names.join("\n") === this.#names.join("\n")) return;
    this.#names = names;
    this.#root.replaceChildren(
      ...(this.isOneOfSeveral ? names : []).map((name) => {
        const tab = document.createElement("button");
        tab.type = "button";
        tab.className = "button";
        tab.role = "tab";
        tab.textContent = tab.title = tab.dataset.camera = name;
        tab.dataset.state = "ok";
        return tab;
      }),
    );
  }

  /** Marks the camera that is shown; null if it is none of them. */
  select(name) {
    const isChange = name !== this.#shown;
    this.#shown = name;
    for (const tab of this.#root.children) {
      tab.setAttribute("aria-selected", tab.dataset.camera === name);
      tab.tabIndex = tab.dataset.camera === name ? 0 : -1;
    }
    if (isChange) this.#scrollTo(this.#root.querySelector("[aria-selected=true]"));
    if (this.isOneOfSeveral && name !== null) history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  }

  /** Brings a tab to the middle of a row that is too long; the page itself is not scrolled. */
  #scrollTo(tab) {
    if (tab) this.#root.scrollLeft = tab.offsetLeft - (this.#root.clientWidth - tab.offsetWidth) / 2;
  }

  /** Follows a link to a camera at once: the browser would report it by a later `hashchange`, after keys that follow. */
  #follow(event) {
    const link = event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // those open another tab
    event.preventDefault();
    this.open(link.hash || "#");
  }

  /** Shows the worst state of the components of each camera. */
  showStates(statuses) {
    for (const tab of this.#root.children) {
      const states = statuses.filter(({ camera }) => camera === tab.dataset.camera).map(({ state }) => state);
      tab.dataset.state = FAULTS.find((state) => states.includes(state)) ?? "ok";
    }
  }
}
