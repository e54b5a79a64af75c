import { RE2JS } from 're2js';
import { re2Fault } from '../../core/match/re2-fault.ts';

/** What a line has in its named groups; null: the group took no part. */
export type LineFields = Readonly<Record<string, string | null>>;

/** undefined: this line is none of ours. */
export type LinePattern = (line: string) => LineFields | undefined;

/** What the event says of every line. */
const OWN_FIELDS: readonly string[] = ['line', 'path', 'number', 'truncated'];

export interface PatternFault {
  readonly message: string;
  readonly mend: string;
}

/** Why this cannot be `match`, or undefined. */
export function faultOfPattern(match: string): PatternFault | undefined {
  try {
    const names = Object.keys(RE2JS.compile(match).namedGroups());
    const taken = names.find((name) => OWN_FIELDS.includes(name));
    if (taken === undefined) return undefined;
    return { message: `the group \`${taken}\` would overwrite \`data.${taken}\``, mend: 'give the group another name' };
  } catch (error) {
    return re2Fault(match, error);
  }
}

/** The names of its groups; none of an expression that does not compile. */
export function groupNames(match: string | undefined): readonly string[] {
  return match === undefined || faultOfPattern(match) !== undefined
    ? []
    : Object.keys(RE2JS.compile(match).namedGroups());
}

/** Looked for anywhere in the line, in time linear in its length. Without a pattern every line is one, with no fields. */
export function compileLinePattern(match: string | undefined): LinePattern {
  if (match === undefined) return () => ({});
  const pattern = RE2JS.compile(match);
  return (line) => {
    // The test needs no groups, so it is far faster; most lines of a log are of no interest.
    if (!pattern.test(line)) return undefined;
    const matcher = pattern.matcher(line);
    return matcher.find() ? matcher.getNamedGroups() : undefined;
  };
}
