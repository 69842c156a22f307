// Preferences: the choices of this viewer, saved in the browser where it permits that.

const KEY = "edge-vision";
const DEFAULTS = { confidence: null, boxes: true, labels: true, motion: true, hidden: [], mode: "live" };

/** Returns the saved choices, with defaults for those that are missing or cannot be read. */
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
    // Storage is not available, in a private window for example: the choices last as long as the page.
  }
}
