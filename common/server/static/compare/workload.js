// The workload: three controls and their presets, which act on both implementations at once.

const ASK_AFTER_MS = 150; // a slider in motion says a hundred values; the servers need the one it rests on
const PRESETS = {
  "preset-none": { infer_repeat: 1, python_work_ms: 0, session_per_frame: false },
  "preset-inference": { infer_repeat: 10, python_work_ms: 0, session_per_frame: false },
  "preset-python": { infer_repeat: 1, python_work_ms: 100, session_per_frame: false },
  "preset-session": { infer_repeat: 1, python_work_ms: 0, session_per_frame: true },
};
const NAMES = Object.keys(PRESETS["preset-none"]);

const element = (id) => document.getElementById(id);

export class Workload {
  #values = null; // what both are set to, null until a server said it
  #onChange;
  #askTimer = 0;

  /** `onChange(name, value)` for each setting that is to be changed in both. */
  constructor(onChange) {
    this.#onChange = onChange;
    this.#listen("infer-repeat", "input", (input) => ({ infer_repeat: input.valueAsNumber }));
    this.#listen("python-work", "input", (input) => ({ python_work_ms: input.valueAsNumber }));
    this.#listen("session-per-frame", "change", (input) => ({ session_per_frame: input.checked }));
    for (const [id, values] of Object.entries(PRESETS)) this.#listen(id, "click", () => values);
  }

  /** What a server is set to: followed, unless a choice is on its way. */
  follow(settings) {
    if (this.#askTimer) return;
    this.#values = Object.fromEntries(NAMES.map((name) => [name, settings[name]]));
    this.#show();
  }

  /** Others may choose while nobody looks here: what the first server says then is followed. */
  forget() {
    this.#values = null;
  }

  /** What a server that has just been connected to must still be told: [name, value]s; the first one sets the tone. */
  missingIn(settings) {
    if (this.#values === null) return [];
    return NAMES.filter((name) => settings[name] !== this.#values[name]).map((name) => [name, this.#values[name]]);
  }

  #listen(id, event, valuesOf) {
    element(id).addEventListener(event, ({ currentTarget }) => this.#choose(valuesOf(currentTarget)));
  }

  #choose(values) {
    this.#values = { ...PRESETS["preset-none"], ...this.#values, ...values };
    this.#show();
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => this.#tell(), ASK_AFTER_MS);
  }

  #tell() {
    this.#askTimer = 0;
    for (const name of NAMES) this.#onChange(name, this.#values[name]); // all, since one of the two may differ in any
  }

  #show() {
    const { infer_repeat, python_work_ms, session_per_frame } = this.#values;
    element("infer-repeat").value = infer_repeat;
    element("infer-repeat-value").textContent = `×${infer_repeat}`;
    element("python-work").value = python_work_ms;
    element("python-work-value").textContent = `${python_work_ms} ms`;
    element("session-per-frame").checked = session_per_frame;
    for (const [id, values] of Object.entries(PRESETS)) {
      element(id).setAttribute("aria-pressed", NAMES.every((name) => values[name] === this.#values[name]));
    }
  }
}
