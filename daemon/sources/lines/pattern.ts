import { re2Fault } from '../../core/match/re2-fault.ts';
import { onDemand } from '../../lib/on-demand.ts';

const re2 = onDemand<typeof import('re2js')>('re2js');

/** Values of the named groups; null: the group is not part of the match. */
export type LineFields = Readonly<Record<string, string | null>>;

/** Returns undefined for a line that does not match. */
export type LinePattern = (line: string) => LineFields | undefined;

/** Fields of `data` that every event has. */
const OWN_FIELDS: readonly string[] = ['line', 'path', 'number', 'truncated'];

export interface PatternFault {
  readonly message: string;
  readonly mend: string;
}

/** The problem of an expression as `match`; undefined if it is valid. */
export function faultOfPattern(match: string): PatternFault | undefined {
  try {
    const names = Object.keys(re2().RE2JS.compile(match).namedGroups());
    const reserved = names.find((name) => OWN_FIELDS.includes(name));
    if (reserved === undefined) return undefined;
    const message = `the group \`${reserved}\` would overwrite \`data.${reserved}\``;
    return { message, mend: 'give the group another name' };
  } catch (error) {
    return re2Fault(match, error);
  }
}

/** Names of the groups; none if the expression is invalid. */
export function groupNames(match: string | undefined): readonly string[] {
  return match === undefined || faultOfPattern(match) !== undefined
    ? []
    : Object.keys(re2().RE2JS.compile(match).namedGroups());
}

/** Compiles `match`, which is searched anywhere in a line in linear time. Without it every line matches, with no fields. */
export function compileLinePattern(match: string | undefined): LinePattern {
  if (match === undefined) return () => ({});
  const pattern = re2().RE2JS.compile(match);
  return (line) => {
    // Testing without groups is much faster, and most lines of a log do not match.
    if (!pattern.test(line)) return undefined;
    const matcher = pattern.matcher(line);
    return matcher.find() ? matcher.getNamedGroups() : undefined;
  };
}
