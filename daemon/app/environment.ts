import { readFileSync } from 'node:fs';
import { BelfryError, EXIT } from '../core/problems/failure.ts';
import type { Environment } from './state/paths.ts';

/** Environment variable that changes the behaviour of Node. `test` returns the problem of a value, or undefined. */
interface VariableCheck {
  readonly name: string;
  readonly test: (value: string) => string | undefined;
}

/** Variables with values that are unsafe: certificates would not be checked, or secrets would be written to a log or file. */
const REFUSED: readonly VariableCheck[] = [
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

/** Variables with values that Node ignores without an error. */
const WARNED: readonly VariableCheck[] = [
  { name: 'NODE_EXTRA_CA_CERTS', test: unreadable },
  {
    name: 'TZ',
    test: (value) =>
      isTimeZone(value)
        ? undefined
        : 'it names no time zone, so local times may be those of UTC; write one like `Asia/Shanghai`',
  },
];

/** Options in `NODE_OPTIONS` that are refused, with their effect. */
const UNSAFE_OPTIONS: Readonly<Record<string, string>> = {
  '--tls-min-v1.0': 'versions of TLS would be spoken that are broken',
  '--tls-min-v1.1': 'versions of TLS would be spoken that are broken',
  '--tls-keylog': 'the keys of every TLS connection would be written to a file',
  '--insecure-http-parser': 'a request would be read that other programs read as two',
  '--security-revert': 'a security fix of Node would be undone',
};

/** Findings about variables with which the daemon does not start. Each begins with the name of the variable. */
export const refusedVariables = (env: Environment): readonly string[] => findings(REFUSED, env);

/** Findings about variables that are ignored. */
export const warnedVariables = (env: Environment): readonly string[] => findings(WARNED, env);

/** Throws if the environment is unsafe. Commands that only read rules do not call it. */
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

function findings(checks: readonly VariableCheck[], env: Environment): string[] {
  return checks.flatMap(({ name, test }) => {
    const value = env[name];
    const wrong = value === undefined || value === '' ? undefined : test(value);
    return wrong === undefined ? [] : [`${name} is \`${value}\`: ${wrong}`];
  });
}

/** Compares with `-` for `_`, as Node does in names of options. */
function unsafeOption(value: string): string | undefined {
  const options = value.split(/[\s"]+/).map((option) => option.split('=')[0]!.replaceAll('_', '-'));
  const found = options.find((option) => Object.hasOwn(UNSAFE_OPTIONS, option));
  return found === undefined ? undefined : `with \`${found}\` ${UNSAFE_OPTIONS[found]}; remove it`;
}

/** Whether a section of `NODE_DEBUG`, which may end in a wildcard, prints the URLs of requests. */
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
