let lastMs = Number.NaN;
let lastText = '';

/** RFC 3339 in UTC of milliseconds since the epoch. What happens at one moment asks for it several times, and V8 prints it slowly: the last one is remembered. */
export function rfc3339(ms: number): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}
