// Preferences: what this viewer chose, kept in the browser where it allows that.

const KEY = "edge-vision";
const DEFAULTS = { confidence: null, boxes: true, labels: true, mode: "live" };

/** The saved choices; the defaults where there are none, or where storage is forbidden. */
export function load() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY)) };
  } catch {
    return { ...DEFAULTS };
  }
}

export function save(choices) {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // Private windows may refuse; the choices then last as long as the page.
  }
}
