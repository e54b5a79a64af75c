import { isObject } from '../../../core/values/json.ts';
import { literal, type Setting, type Settings } from '../draft.ts';

/** One matcher of a label. https://prometheus.io/docs/alerting/latest/configuration/#matcher */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

const MATCHER =
  /^\s*(?<label>"(?:[^"\\]|\\.)*"|[A-Za-z_][\w:]*)\s*(?<operator>=~|!~|!=|=)\s*(?<value>"(?:[^"\\]|\\.)*"|[^\s"]*)\s*$/;

/** Reads `a="b"`; undefined if it is not a matcher. */
function readMatcher(text: string): Matcher | undefined {
  const { label, operator, value } = MATCHER.exec(text)?.groups ?? {};
  if (label === undefined) return undefined;
  return { label: unquoted(label), operator: operator as Matcher['operator'], value: unquoted(value!) };
}

/** Splits `{a="b", c=~"d"}` at the commas outside of quotes. */
const splitMatchers = (text: string): string[] =>
  [
    ...text
      .trim()
      .replace(/^\{|\}$/g, '')
      .matchAll(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/g),
  ].map(([part]) => part.trim());

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  return text.slice(1, -1).replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/** Matchers of a route, of its three notations. Undefined entries are texts that are no matchers. */
export function matchersOf(route: Readonly<Record<string, unknown>>): readonly (Matcher | undefined)[] {
  const { match, match_re, matchers } = route;
  const pairs = (given: unknown, operator: Matcher['operator']): Matcher[] =>
    isObject(given) ? Object.entries(given).map(([label, value]) => ({ label, operator, value: String(value) })) : [];
  const texts = (typeof matchers === 'string' ? [matchers] : Array.isArray(matchers) ? matchers : []).flatMap((text) =>
    splitMatchers(String(text)),
  );
  return [...pairs(match, '='), ...pairs(match_re, '=~'), ...texts.map(readMatcher)];
}

/** Conditions of a rule: `match` for labels that must have a value, and CEL expressions for the rest. */
export interface RuleConditions {
  readonly match: Settings;
  readonly expressions: readonly string[];
}

export function conditionsOf(matchers: readonly Matcher[]): RuleConditions {
  const match: Record<string, Setting> = {};
  const expressions: string[] = [];
  for (const matcher of matchers) {
    const path = `data.labels.${matcher.label}`;
    if (isSimple(matcher) && match[path] === undefined) match[path] = literal(matcher.value);
    else expressions.push(expressionOf(matcher));
  }
  return { match, expressions };
}

const isSimple = ({ label, operator, value }: Matcher): boolean =>
  operator === '=' && value !== '' && /^[A-Za-z_]\w*$/.test(label);

/** CEL for a matcher. A label that is missing is an empty text for Alertmanager, and a pattern fits the whole text. */
export function expressionOf({ label, operator, value }: Matcher): string {
  const name = JSON.stringify(label);
  const text = `(${name} in data.labels ? data.labels[${name}] : "")`;
  const isPattern = operator.endsWith('~');
  const holds = isPattern
    ? `${text}.matches(${JSON.stringify(`^(?:${value})$`)})`
    : `${text} == ${JSON.stringify(value)}`;
  return operator.startsWith('!') ? `!(${holds})` : holds;
}
