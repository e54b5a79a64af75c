import { readFileSync } from 'node:fs';
import { BelfryError, EXIT } from '../core/problems/failure.ts';
import type { Environment } from './paths.ts';

/** A variable that changes what Node does behind the back of the settings. `test` gives what is wrong with a value; undefined: nothing. */
interface Row {
  readonly name: string;
  readonly test: (value: string) => string | undefined;
}

/** With these a daemon would break what it promises: who is spoken to is checked, and no secret is written anywhere. */
const REFUSED: readonly Row[] = [
  {
    name: 'NODE_TLS_REJECT_UNAUTHORIZED',
    test: (value) =>
      value === '0' ? 'no certificate would be checked; unset it, and set `ca` on the channel instead' : undefined,
  },
  { name: 'NODE_OPTIONS', test: unsafeOption },
  {
    name: 'NODE_DEBUG',
    test: (value) =>
      value.split(',').some(printsAddresses)
        ? 'Node would print the addresses of channels with their secrets; unset it'
        : undefined,
  },
];

/** These are as good as unset, which shows only much later. */
const WARNED: readonly Row[] = [
  { name: 'NODE_EXTRA_CA_CERTS', test: unreadable },
  {
    name: 'TZ',
    test: (value) =>
      isTimeZone(value)
        ? undefined
        : 'it names no time zone, so local times may be those of UTC; write one like `Asia/Shanghai`',
  },
];

const UNSAFE_OPTIONS: Readonly<Record<string, string>> = {
  '--tls-min-v1.0': 'versions of TLS would be spoken that are broken',
  '--tls-min-v1.1': 'versions of TLS would be spoken that are broken',
  '--tls-keylog': 'the keys of every TLS connection would be written to a file',
  '--insecure-http-parser': 'requests would be read that others take for two',
  '--security-revert': 'a security fix of Node would be undone',
};

/** Rejects what cannot be run with; commands that only read rules do not ask. */
export function refuseUnsafeEnvironment(env: Environment): void {
  const [finding] = findings(REFUSED, env);
  if (finding !== undefined)
    throw new BelfryError('environment.unsafe', `the environment variable ${finding}; nothing was touched`, {
      exit: EXIT.config,
    });
}

export function environmentWarnings(env: Environment): readonly string[] {
  return findings(WARNED, env).map((finding) => `the environment variable ${finding}`);
}

function findings(rows: readonly Row[], env: Environment): string[] {
  return rows.flatMap(({ name, test }) => {
    const value = env[name];
    const wrong = value === undefined || value === '' ? undefined : test(value);
    return wrong === undefined ? [] : [`${name} is \`${value}\`: ${wrong}`];
  });
}

/** Node takes `_` for `-` in the names of its options. */
function unsafeOption(value: string): string | undefined {
  const options = value.split(/[\s"]+/).map((option) => option.split('=')[0]!.replaceAll('_', '-'));
  const found = options.find((option) => Object.hasOwn(UNSAFE_OPTIONS, option));
  return found === undefined ? undefined : `with \`${found}\` ${UNSAFE_OPTIONS[found]}; take it out`;
}

/** Sections of the HTTP client, also by a wildcard. */
function printsAddresses(section: string): boolean {
  const pattern = section.trim().toLowerCase();
  const [head = ''] = pattern.split('*');
  const matches = (name: string): boolean => (pattern.includes('*') ? name.startsWith(head) : name === pattern);
  return ['undici', 'fetch', 'websocket'].some(matches);
}

function unreadable(file: string): string | undefined {
  try {
    readFileSync(file);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return `it cannot be read (${code ?? 'unknown'}), and is ignored; connections to what it certifies will fail`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name }).format();
    return true;
  } catch {
    return false;
  }
}
