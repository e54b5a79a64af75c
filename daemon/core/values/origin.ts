/** Checks an origin, which must be written exactly as browsers send it (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin). With `hidden`, the fault does not repeat the text. */
export function faultOfOrigin(text: string, hidden: boolean): { message: string; mend: string } | undefined {
  const suggested = originOf(text);
  if (suggested === text) return undefined;
  const audience = TOO_WIDE.get(text);
  if (audience !== undefined) return { message: `\`${text}\` would let in ${audience}`, mend: MEND };
  const message = 'this is not an origin as browsers write it';
  return { message, mend: suggested === undefined || hidden ? MEND : `write \`${suggested}\`` };
}

const MEND = 'name each application by its scheme, host and port, such as `https://app.example.com`, without a path';

const TOO_WIDE: ReadonlyMap<string, string> = new Map([
  ['*', 'every page that somebody opens'],
  ['null', 'local files and every page within a sandboxed frame'],
]);

/** The origin that was probably intended. */
function originOf(text: string): string | undefined {
  const url = /^[a-z][a-z+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!/^(?:http|ws)s?:\/\/[^/]/i.test(url) || !URL.canParse(url)) return undefined;
  const { origin, hostname } = new URL(url.replace(/^ws/i, 'http'));
  return hostname === '*' || hostname.startsWith('*.') || hostname === 'null' ? undefined : origin;
}
