// The alerts: whether something is wrong, and the sentences that say it.

const STALE_AFTER_S = 1.5;
const FRAMES_TO_MISS = 3; // at rates below two a second a gap is longer than that without anything being wrong
const NO_DETECTIONS_AFTER_S = 3;
const TROUBLE = ["failed", "lost", "restarting"]; // the worst first

/** "Source lost: no answer from camera", from a status message. */
function sentence({ component, state, message }) {
  const name = component.charAt(0).toUpperCase() + component.slice(1);
  return message ? `${name} ${state}: ${message}` : `${name} ${state}`;
}

/**
 * The sentences to show, none when all is well. `silentFor` says for how many seconds nothing came: { frames, detections }.
 * A named cause is shown instead of its symptom: a lost source is not also "stale".
 */
export function alerts(connection, statuses, silentFor, mode, rates) {
  if (connection === "paused" || connection === "connecting") return [];
  if (connection === "reconnecting") return ["No connection to the server. Trying again."];
  const trouble = TROUBLE.flatMap((state) => statuses.filter((status) => status.state === state));
  if (trouble.length) return trouble.map(sentence);
  if (silentFor.frames > Math.max(STALE_AFTER_S, FRAMES_TO_MISS / (rates?.ui_fps ?? Infinity))) {
    return ["The video is stale: no new frames are arriving."];
  }
  const patience_s = Math.max(NO_DETECTIONS_AFTER_S, FRAMES_TO_MISS / (rates?.queue_fps ?? Infinity));
  if (mode === "synced" && silentFor.detections > patience_s) {
    return ["No detections are arriving: the synced picture is waiting for them."];
  }
  return [];
}
