// Statistics by process: the roles that share one have a GIL, a CPU time and a memory in common.

/** Groups roles by process: [{ names, figures }], in the order in which a frame passes them. */
export function byProcess(roles) {
  const processes = new Map();
  for (const name of inOrder(Object.keys(roles), ["provider", "processor", "server"])) {
    const key = roles[name].pid ?? name;
    if (!processes.has(key)) processes.set(key, { names: [], figures: roles[name] });
    processes.get(key).names.push(name);
  }
  return [...processes.values()];
}

const VIDEO_ROLES = ["provider", "server"]; // only here does a wait for the GIL delay frames

/** Totals of all roles: CPU (% of one core), memory (MB), and the worse GIL delay (ms, p99) of the video's roles. */
export function totals(roles) {
  const processes = byProcess(roles).map(({ figures }) => figures);
  const sum = (name) => processes.reduce((total, figures) => total + (figures[name] ?? 0), 0);
  const delays = VIDEO_ROLES.map((role) => roles[role]?.gil_delay_p99_ms ?? 0);
  return { cpu_percent: sum("cpu_percent"), memory_mb: sum("memory_mb"), gil_delay_ms: Math.max(...delays) };
}

/** Sorts names: those in `order` first, the rest by name. Messages list them in no fixed order. */
export function inOrder(names, order) {
  const rank = (name) => {
    const index = order.indexOf(order.includes(name) ? name : name.split(" ")[0]); // "provider gate" is a provider
    return index < 0 ? order.length : index;
  };
  return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}
