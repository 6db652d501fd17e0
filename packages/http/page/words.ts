/** Values as people read them. Pure. */

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** `auto_enabled` → `auto enabled`. */
export const words = (status: string): string => status.replaceAll("_", " ");

/** A length of time in one unit, rounded down: `850 ms`, `4 s`, `12 min`, `3 h`, `9 d`. */
export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < minuteMs) return `${Math.floor(ms / 1_000)} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} d`;
};

/** How long ago; under two seconds it is now. */
export const ago = (ms: number): string => (ms < 2_000 ? "just now" : `${duration(ms)} ago`);

/** When it comes: whole seconds, rounded up, so that `in 1 s` is the last thing seen. */
export const ahead = (ms: number): string =>
  ms <= 0 ? "due now" : `in ${duration(Math.ceil(ms / 1_000) * 1_000)}`;

/** Milliseconds from an instant to `now`; `undefined` where there is no instant. */
export const since = (instant: string | null | undefined, now: number): number | undefined => {
  const at = instant ? Date.parse(instant) : Number.NaN;
  return Number.isNaN(at) ? undefined : now - at;
};

const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `188743680` → `180 MiB`. */
export const bytes = (count: number): string => {
  let value = count;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
};

/** `1 node`, `3 nodes`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
