let lastMs = Number.NaN;
let lastText = '';

/** Formats milliseconds since the epoch as RFC 3339 in UTC. The last result is remembered: one time is formatted several times, and V8 is slow at it. */
export function rfc3339(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
