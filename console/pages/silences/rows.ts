import type { ListedSilenceView } from '../../../daemon/http/views.ts';
import { describe, type Match } from './match.ts';

export const SECTIONS = ['active', 'future', 'files', 'ended'] as const;
export type SectionName = (typeof SECTIONS)[number];

/** Row of the list of silences: a silence, or the heading of a section. */
export type SilenceRow =
  | { readonly kind: 'section'; readonly id: SectionName; readonly count: number }
  | { readonly kind: 'silence'; readonly id: string; readonly silence: ListedSilenceView };

const UNUSED_MS = 30 * 86_400_000;

/** Whether a silence has had 30 days to match something, and has not. That of a file counts from the beginning. */
export function isUnused({ matched_30d: isUsed, made_at: made, state }: ListedSilenceView, now: number): boolean {
  if (isUsed || state === 'expired') return false;
  return made === undefined || Date.parse(made) < now - UNUSED_MS;
}

export function sectionOf({ origin, state }: ListedSilenceView): SectionName {
  if (state === 'expired') return 'ended';
  if (origin === 'file') return 'files';
  return state === 'active' ? 'active' : 'future';
}

/** Silences under the headings of their sections. `show` is a section, or `unused`. */
export function rowsOf(
  silences: readonly ListedSilenceView[],
  { show = '', text = '', now }: { show?: string | undefined; text?: string | undefined; now: number },
): readonly SilenceRow[] {
  const wanted = silences.filter(
    (one) => (show !== 'unused' || isUnused(one, now)) && contains(one, text.toLowerCase()),
  );
  return SECTIONS.filter((section) => show === '' || show === 'unused' || show === section).flatMap((section) => {
    const own = wanted.filter((one) => sectionOf(one) === section);
    if (own.length === 0) return [];
    return [
      { kind: 'section', id: section, count: own.length } as const,
      ...own.map((silence) => ({ kind: 'silence', id: silence.id, silence }) as const),
    ];
  });
}

function contains(
  { match, if: condition, reason, by = '', name = '', file = '' }: ListedSilenceView,
  text: string,
): boolean {
  return [describe(match as Match, condition), reason, by, name, file].some((part) =>
    part.toLowerCase().includes(text),
  );
}
