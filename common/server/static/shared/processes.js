// The roles: which of them share a process, and with it a GIL, a processor time and a memory.

/** Roles by process, as [{ names, figures }]: those of one process have their figures in common. */
export function byProcess(roles) {
  const processes = new Map();
  for (const [name, figures] of Object.entries(roles)) {
    const key = figures.pid ?? name;
    if (!processes.has(key)) processes.set(key, { names: [], figures });
    processes.get(key).names.push(name);
  }
  return [...processes.values()];
}

const VIDEO_ROLES = ["provider", "server"]; // what a frame passes; only there does a wait for the GIL delay it

/** CPU (% of one core) and memory (MB) of all roles together, and the worse GIL delay (ms, p99) of what carries the video. */
export function together(roles) {
  const processes = byProcess(roles).map(({ figures }) => figures);
  const sum = (name) => processes.reduce((total, figures) => total + (figures[name] ?? 0), 0);
  const delays = VIDEO_ROLES.map((role) => roles[role]?.gil_delay_p99_ms ?? 0);
  return { cpu_percent: sum("cpu_percent"), memory_mb: sum("memory_mb"), gil_delay_ms: Math.max(...delays) };
}
