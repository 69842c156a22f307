// The workload: three controls and their presets, which apply to both implementations at once.

const SEND_AFTER_MS = 150; // a moving slider changes at every frame of the screen; the servers get the last value
const TAKEN_AFTER_MS = 1000; // within which the servers have reported all that was sent
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
  #hasModel = true;
  #onChange;
  #reported = null; // the settings that a server reported last, since a choice was sent
  #timer = 0; // runs from a choice until the servers have taken it

  /** `onChange(name, value)` is called for each setting to change in both implementations. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#listen("infer-repeat", "input", (input) => ({ infer_repeat: input.valueAsNumber }));
    this.#listen("python-work", "input", (input) => ({ python_work_ms: input.valueAsNumber }));
    this.#listen("session-per-frame", "change", (input) => ({ session_per_frame: input.checked }));
    for (const [id, values] of Object.entries(PRESETS)) this.#listen(id, "click", () => values);
  }

  /** Takes over the settings of a server; around a choice only later, since servers report one setting after the other. */
  follow(settings) {
    this.#reported = settings;
    if (this.#timer) return;
    this.#values = Object.fromEntries(NAMES.map((name) => [name, settings[name]]));
    this.#show();
  }

  /** Takes choices only where there is a model, whose detector does the work. */
  setModel(hasModel) {
    this.#hasModel = hasModel;
    element("loads").disabled = !hasModel;
    element("hint-own-code").hidden = hasModel;
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
    clearTimeout(this.#timer);
    this.#timer = setTimeout((values) => this.#send(values), SEND_AFTER_MS, this.#values);
  }

  #send(values) {
    this.#reported = null;
    this.#timer = setTimeout(() => this.#settle(), TAKEN_AFTER_MS);
    for (const name of NAMES) this.#onChange(name, values[name]); // all: either server may differ in any of them
  }

  #settle() {
    this.#timer = 0;
    if (this.#reported) this.follow(this.#reported);
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
    for (const hint of document.querySelectorAll(".preset-hint")) hint.hidden = hint.dataset.for !== chosen || !this.#hasModel;
  }
}
