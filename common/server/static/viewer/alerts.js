// Alerts: the sentences that a viewer shows over the video when something is wrong.

const STALE_AFTER_S = 1.5;
const NO_DETECTIONS_AFTER_S = 3;
const MISSED = 3; // intervals of the source without a frame, before its video is stale
const FAULTS = ["failed", "lost", "restarting"]; // by severity
const WORDS = { failed: "given up" }; // where the name of a state is not the word for it

/** "provider gate", from a status message: the component, and the camera or processor where it has a name. */
export const nameOf = ({ component, camera, processor }) => [component, camera, processor].filter(Boolean).join(" ");

/** "Source lost: connection refused", from a status message. */
function sentence(status) {
  const { state, message } = status;
  const name = nameOf(status);
  const subject = `${name.charAt(0).toUpperCase()}${name.slice(1)} ${state}`;
  return message ? `${subject}: ${message}` : subject;
}

const isStale = ({ silence_s, interval_s }) => silence_s > Math.max(STALE_AFTER_S, MISSED * interval_s);

/**
 * Returns the sentences to show, empty if there is no fault. `frames` and `detections` are { silence_s, interval_s }:
 * the time since the last one, and the usual time between two.
 * A cause replaces its symptom: the video of a lost source is not reported as stale.
 */
export function alerts(connection, statuses, mode, frames, detections) {
  if (connection === "paused" || connection === "connecting") return [];
  if (connection === "reconnecting") return ["Connection to the server lost. Reconnecting."];
  const faults = FAULTS.flatMap((state) => statuses.filter((status) => status.state === state));
  if (faults.length) return faults.map(sentence);
  if (isStale(frames)) {
    return ["The video is stale: no new frames are arriving."];
  }
  if (mode === "synced" && detections.silence_s > Math.max(NO_DETECTIONS_AFTER_S, MISSED * detections.interval_s)) {
    return ["No detections are arriving: synced mode shows only frames with detections."];
  }
  return [];
}

/** What is impaired but works: "Source degraded: decoding is slower than real time". */
export function notices(statuses) {
  return statuses.filter(({ state }) => state === "degraded").map(sentence);
}

/** Returns the worst state as { name, text }; `text` is a word or two, with the processor that it is about, "" for ok. */
export function stateOf(connection, statuses, frames) {
  if (connection !== "open") return { name: connection, text: connection };
  const found = (states) => states.map((state) => statuses.find((each) => each.state === state)).find(Boolean);
  const named = ({ state, processor }) => ({
    name: state,
    text: [processor, WORDS[state] ?? state].filter(Boolean).join(" "),
  });
  const fault = found(FAULTS);
  if (fault) return named(fault);
  if (isStale(frames)) return { name: "stale", text: "stale" };
  const degraded = found(["degraded"]);
  return degraded ? named(degraded) : { name: "ok", text: "" };
}
