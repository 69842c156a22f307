// The workload: three controls and their presets, which apply to both implementations at once.

const SEND_AFTER_MS = 150; // a moving slider changes at every frame of the screen; the servers get the last value
const PRESETS = {
  "preset-none": { infer_repeat: 1, python_work_ms: 0, session_per_frame: false },
  "preset-inference": { infer_repeat: 10, python_work_ms: 0, session_per_frame: false },
  "preset-python": { infer_repeat: 1, python_work_ms: 100, session_per_frame: false },
  "preset-session": { infer_repeat: 1, python_work_ms: 0, session_per_frame: true },
};
const NAMES = Object.keys(PRESETS["preset-none"]);

const element = (id) => document.getElementById(id);

export class Workload {
  #values = null; // the settings of both implementations; null until a server reported its own
  #onChange;
  #sendTimer = 0;

  /** `onChange(name, value)` is called for each setting to change in both implementations. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#listen("infer-repeat", "input", (input) => ({ infer_repeat: input.valueAsNumber }));
    this.#listen("python-work", "input", (input) => ({ python_work_ms: input.valueAsNumber }));
    this.#listen("session-per-frame", "change", (input) => ({ session_per_frame: input.checked }));
    for (const [id, values] of Object.entries(PRESETS)) this.#listen(id, "click", () => values);
  }

  /** Takes over the settings of a server, unless a choice is about to be sent. */
  follow(settings) {
    if (this.#sendTimer) return;
    this.#values = Object.fromEntries(NAMES.map((name) => [name, settings[name]]));
    this.#show();
  }

  /** Discards the values: other viewers may change the settings while this page is hidden. */
  forget() {
    this.#values = null;
  }

  /** The [name, value] pairs in which the settings of a newly connected server differ from the chosen ones. */
  differences(settings) {
    if (this.#values === null) return [];
    return NAMES.filter((name) => settings[name] !== this.#values[name]).map((name) => [name, this.#values[name]]);
  }

  #listen(id, event, valuesOf) {
    element(id).addEventListener(event, ({ currentTarget }) => this.#choose(valuesOf(currentTarget)));
  }

  #choose(values) {
    this.#values = { ...PRESETS["preset-none"], ...this.#values, ...values };
    this.#show();
    clearTimeout(this.#sendTimer);
    this.#sendTimer = setTimeout(() => this.#send(), SEND_AFTER_MS);
  }

  #send() {
    this.#sendTimer = 0;
    for (const name of NAMES) this.#onChange(name, this.#values[name]); // all: either server may differ in any of them
  }

  #show() {
    const { infer_repeat, python_work_ms, session_per_frame } = this.#values;
    element("infer-repeat").value = infer_repeat;
    element("infer-repeat-value").textContent = `×${infer_repeat}`;
    element("python-work").value = python_work_ms;
    element("python-work-value").textContent = `${python_work_ms} ms`;
    element("session-per-frame").checked = session_per_frame;
    const matching = ([, values]) => NAMES.every((name) => values[name] === this.#values[name]);
    const chosen = Object.entries(PRESETS).find(matching)?.[0];
    for (const id of Object.keys(PRESETS)) element(id).setAttribute("aria-pressed", id === chosen);
    for (const hint of document.querySelectorAll(".preset-hint")) hint.hidden = hint.dataset.for !== chosen;
  }
}
