// Motion compensation: moves the boxes of earlier detections to where their objects are in the frame that is shown.

// Values chosen by the replay of the bundled clip: python -m tests.system.motion
const MIN_IOU = 0.1; // between a box and the predicted box of the same object
const NEWEST_SHARE = 0.6; // of the newest displacement in a velocity; the rest is the velocity before
const SIZE_SHARE = 0.5; // of a measured change in size: it is noisier than the position of the centre
const MAX_GAP_S = 1; // detections that are further apart are not compared
const MAX_SHIFT_S = 0.5; // older boxes move no further
const UNSURE_ALPHA = 0.55; // of a box whose object was not found in the detections before

function iou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
  return (width * height) / (area(a) + area(b) - width * height);
}

const shifted = (box, velocity, seconds) => (velocity ? box.map((value, i) => value + velocity[i] * seconds) : box);

/** Pairs each object of `items` with the same object of `earlier`, the best IoU first: a Map of item to earlier item. */
function pairObjects(items, earlier, elapsed_s) {
  const candidates = [];
  for (const before of earlier) {
    const predicted = shifted(before.box, before.velocity, elapsed_s);
    for (const item of items) {
      const tracked = item.track_id !== undefined && before.track_id !== undefined;
      if (tracked ? item.track_id !== before.track_id : item.label !== before.label) continue;
      const overlap = tracked ? 1 : iou(item.box, predicted);
      if (overlap >= MIN_IOU) candidates.push({ item, before, overlap });
    }
  }
  const pairs = new Map();
  const taken = new Set();
  for (const { item, before } of candidates.sort((a, b) => b.overlap - a.overlap)) {
    if (pairs.has(item) || taken.has(before)) continue;
    pairs.set(item, before);
    taken.add(before);
  }
  return pairs;
}

/** Change of x1, y1, x2, y2 per second: the motion of the centre, and a share of the change in size. */
function velocityOf({ box }, before, elapsed_s) {
  const change = box.map((value, i) => (value - before.box[i]) / elapsed_s);
  const centre = [0, 1].map((i) => (change[i] + change[i + 2]) / 2);
  const growth = [0, 1].map((i) => (SIZE_SHARE * (change[i + 2] - change[i])) / 2);
  const newest = [centre[0] - growth[0], centre[1] - growth[1], centre[0] + growth[0], centre[1] + growth[1]];
  if (!before.velocity) return newest;
  return newest.map((value, i) => NEWEST_SHARE * value + (1 - NEWEST_SHARE) * before.velocity[i]);
}

/**
 * Returns a detections message whose items have a `velocity`, from the message before it: null where the object was
 * not found there. Without a message before it, or with one too long ago, nothing is added.
 */
export function withVelocities(detections, previous) {
  const elapsed_s = detections.captured_at - previous?.captured_at;
  if (!(elapsed_s > 0 && elapsed_s <= MAX_GAP_S)) return detections;
  const pairs = pairObjects(detections.detections, previous.detections, elapsed_s);
  const items = detections.detections.map((item) => {
    const before = pairs.get(item);
    return { ...item, velocity: before ? velocityOf(item, before, elapsed_s) : null };
  });
  return { ...detections, detections: items };
}

/**
 * The items of a detections message as they are expected at `capturedAt`: boxes moved by their velocity for the age of
 * the detections, at most MAX_SHIFT_S, and cut at the edges of the frame; `alpha` below 1 where the motion is unknown.
 */
export function itemsAt({ captured_at, detections }, capturedAt) {
  const seconds = Math.max(0, Math.min(MAX_SHIFT_S, capturedAt - captured_at));
  return detections
    .map((item) => ({
      ...item,
      box: shifted(item.box, item.velocity, seconds).map((value) => Math.max(0, Math.min(1, value))),
      alpha: item.velocity === null ? UNSURE_ALPHA : 1,
    }))
    .filter(({ box: [x1, y1, x2, y2] }) => x1 < x2 && y1 < y2);
}
