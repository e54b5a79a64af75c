import { Secret } from '../../../lib/secrets/secret.ts';
import { stableText } from '../entry.ts';
import type { CompileContext } from '../context.ts';
import type { CompileTools } from '../registry.ts';
import type { StoreSettings } from '../../ruleset.ts';
import type { DaemonFileSettings } from '../../schema/sections/daemon.ts';
import { readUrl, type UrlForm } from '../../values/url.ts';

type StoreFields = NonNullable<DaemonFileSettings['store']>;

const DEFAULT_SCHEMA = 'belfry';
const DEFAULT_POOL = 8;

const EXAMPLE_URL = 'postgres://user:password@host/database';

const POSTGRES_URL: UrlForm = {
  schemes: ['postgres', 'postgresql'],
  login: 'any',
  path: 'any',
  query: 'any',
  example: EXAMPLE_URL,
};

/** Start of a URL without a host. Such a URL names the folder of a Unix socket in its query. */
const WITHOUT_HOST = /^(?<start>[a-z]+:\/\/(?:[^@/?#]*@)?)(?<rest>\/[^?#]*\?(?:[^#]*&)?host=(?:\/|%2f))/i;

const DATABASE = /^\/[^/?]+(?:\?|$)/;

/** Settings that only a store of type `postgres` has. */
const OF_POSTGRES = ['url', 'schema', 'pool', 'synchronous'] as const;

/** Checks what a schema cannot express. Reports at most one problem. */
export function checkStore(store: StoreFields | undefined, context: Pick<CompileContext, 'found'>): void {
  if (store === undefined) return;
  const found = (key: string, at: 'key' | 'value', code: string, message: string, mend: string): void =>
    context.found({ pointer: `/daemon/store${key}`, at, code, message, mend, takes: TAKES[key] ?? [] });
  if (store.type === 'sqlite') {
    const [first] = OF_POSTGRES.filter((name) => store[name] !== undefined);
    if (first === undefined) return;
    const mend = `remove it, or write \`type: postgres\``;
    return found(`/${first}`, 'key', 'daemon.store', `a store of type \`sqlite\` has no \`${first}\``, mend);
  }
  if (store.url === undefined) {
    const mend = `add \`url: \${env:BELFRY_STORE_URL}\`, with an address such as \`${EXAMPLE_URL}\` in the variable`;
    return found('', 'key', 'schema.missing', 'a store of type `postgres` needs `url`', mend);
  }
  const fault = faultOfUrl(store.url);
  if (fault !== undefined) return found('/url', 'value', 'value.url', `\`url\` ${fault.message}`, fault.mend);
  if (!/^(?:pg_|information_schema$)/.test(store.schema ?? '')) return;
  found('/schema', 'value', 'daemon.store', 'PostgreSQL keeps this name of a schema for itself', 'choose another one');
}

/** Valid values, for placeholders of references without a value. */
const TAKES: Readonly<Record<string, readonly string[]>> = { '/url': [EXAMPLE_URL] };

/** Fault of the address of a server; undefined if there is none. The texts repeat nothing of the address. */
function faultOfUrl(url: Secret): { readonly message: string; readonly mend: string } | undefined {
  if (!(url instanceof Secret)) return undefined;
  const read = readUrl(url.reveal().replace(WITHOUT_HOST, '$<start>localhost$<rest>'), POSTGRES_URL);
  if (!read.ok) return read;
  if (DATABASE.test(read.url.target)) return undefined;
  return { message: 'names no database', mend: `write it whole: \`${EXAMPLE_URL}\`` };
}

export function compiledStore(
  store: StoreFields | undefined,
  { fingerprint }: Pick<CompileTools, 'fingerprint'>,
): StoreSettings {
  if (store?.type !== 'postgres' || store.url === undefined) return { type: 'sqlite' };
  const { type, url, schema = DEFAULT_SCHEMA, pool = DEFAULT_POOL, synchronous = true } = store;
  const text = stableText([url.reveal(), schema, pool, synchronous]);
  return { type, url, schema, pool, synchronous, fingerprint: fingerprint(text) };
}
