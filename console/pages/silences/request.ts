import type { Match } from './match.ts';

export const DEFAULT_LENGTH = '2h';

/** Settings besides the match, which stand in the address as they are. */
export const FIELDS = ['if', 'for', 'from', 'reason', 'name'] as const;
type Settings = { readonly [Field in (typeof FIELDS)[number]]?: string };

/** Bodies of the plan and of the silence itself. */
export function requestsOf(match: Match | undefined, settings: Settings, isForced: boolean) {
  const { if: condition, for: length = DEFAULT_LENGTH, from, name, reason = '' } = settings;
  const planned = { match, ...(condition && { if: condition }), ...(isForced && { force: true }) };
  const more = { ...(from && { from: instantOf(from) }), ...(name && { name }) };
  return { planned, silence: { ...planned, for: length, ...more, reason } };
}

/** A time in the zone of the reader, as the field of a browser gives it, with its offset. Another text is left for the daemon to refuse. */
function instantOf(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}
