import { isObject } from '../../../core/values/json.ts';
import { isCredentialHeader, isCredentialParameter } from '../../../lib/secrets/credential-names.ts';
import { plainTemplate } from '../urls/service.ts';

/** Value of a request to which a hook refers. https://github.com/adnanh/webhook/blob/master/docs/Referencing-Request-Values.md */
export interface RequestValue {
  readonly source: string;
  readonly name: string;
}

/** Text of a setting; empty for one that is no text, number or boolean. */
export const scalarText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

export function requestValue(given: unknown): RequestValue {
  const { source, name } = isObject(given) ? given : {};
  return { source: typeof source === 'string' ? source : '', name: typeof name === 'string' ? name : '' };
}

/** Part of an event that has the values of a source. */
const PARTS: Readonly<Record<string, 'headers' | 'query' | 'data'>> = {
  header: 'headers',
  url: 'query',
  query: 'query',
  payload: 'data',
};

/** Path of the value in an event, for `match`; undefined if the event does not have it. */
export function pathOf({ source, name }: RequestValue): string | undefined {
  const part = Object.hasOwn(PARTS, source) ? PARTS[source] : undefined;
  if (part === undefined || name === '' || name.split('.').includes('')) return undefined;
  return part === 'headers' ? `headers.${name.toLowerCase()}` : `${part}.${name}`;
}

/** Whether a webhook source keeps the value out of the event, because it is a credential. */
export function isCredential({ source, name }: RequestValue): boolean {
  const part = Object.hasOwn(PARTS, source) ? PARTS[source] : undefined;
  if (part === 'headers') return isCredentialHeader(name.toLowerCase());
  return part === 'query' && isCredentialParameter(name);
}

const ENTIRE: Readonly<Record<string, string>> = {
  'entire-payload': 'event.data',
  'entire-headers': 'event.headers',
  'entire-query': 'event.query',
};

/** Template that shows the value, or nothing where the request has none; undefined if it has no equivalent. */
export function templateOf(value: RequestValue): string | undefined {
  const { source, name } = value;
  if (source === 'string') return plainTemplate(name);
  const entire = Object.hasOwn(ENTIRE, source) ? ENTIRE[source] : undefined;
  if (entire !== undefined) return `{{ ${entire} | json }}`;
  const path = isCredential(value) ? undefined : pathOf(value);
  if (path === undefined) return undefined;
  const [part, ...keys] = path.startsWith('headers.') ? ['headers', path.slice('headers.'.length)] : path.split('.');
  return `{{ event.${part!}${keys.map(keyText).join('')} | default: "", allow_false: true }}`;
}

function keyText(key: string): string {
  if (/^\d+$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
