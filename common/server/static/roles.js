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

/** CPU (% of one core) and memory (MB) of all processes together, and the worst GIL delay (ms, p99) of any role. */
export function together(roles) {
  const processes = byProcess(roles).map(({ figures }) => figures);
  const sum = (name) => processes.reduce((total, figures) => total + (figures[name] ?? 0), 0);
  const delays = Object.values(roles).map((figures) => figures.gil_delay_p99_ms ?? 0);
  return { cpu_percent: sum("cpu_percent"), memory_mb: sum("memory_mb"), gil_delay_ms: Math.max(...delays) };
}
