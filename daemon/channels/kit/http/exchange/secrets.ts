import { Secret } from '../../../../lib/secrets/secret.ts';

/** Secrets in the settings of a channel, as they occur in its requests. */
export interface SettingSecrets {
  /** Whole values. */
  readonly values: ReadonlySet<string>;
  /** Paths of secret URLs, without the query. */
  readonly paths: readonly string[];
  /** Lower-case names of headers that the settings give. */
  readonly headers: ReadonlySet<string>;
}

export function secretsOf(settings: unknown): SettingSecrets {
  const values = new Set<string>();
  collect(settings, values);
  const { headers } = (settings ?? {}) as { readonly headers?: unknown };
  const names = typeof headers === 'object' && headers !== null ? Object.keys(headers) : [];
  return {
    values,
    paths: [...values].flatMap(pathOf),
    headers: new Set(names.map((name) => name.toLowerCase())),
  };
}

/** Settings consist of plain objects and lists; others, such as templates, hold no `Secret`. */
function collect(value: unknown, values: Set<string>): void {
  if (value instanceof Secret) {
    const text = value.reveal();
    if (text !== '') values.add(text);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, values);
  } else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collect(item, values);
  }
}

/** Path of a secret URL; of one that is only the path, too. A path that says nothing is left out. */
function pathOf(value: string): readonly string[] {
  const isPath = value.startsWith('/') && !/\s/.test(value);
  if (!isPath && !/^(?:https?:\/\/|unix:)/i.test(value)) return [];
  if (!URL.canParse(value, 'http://host')) return [];
  const { pathname, search } = new URL(value.replace(/^unix:[^:]*:?/i, ''), 'http://host');
  const path = pathname.replace(/\/+$/, '');
  if (path !== '') return [path];
  return search === '' ? [] : ['/'];
}
