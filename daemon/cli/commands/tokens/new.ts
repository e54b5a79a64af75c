import { randomBytes } from 'node:crypto';
import { EXIT } from '../../../core/problems/failure.ts';
import { isExpired, readExpiry } from '../../../core/time/expiry.ts';
import { shortText, type ValueKind } from '../../../core/values/value-kind.ts';
import { sha256 } from '../../../lib/sha256.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument, TypedOption } from '../../options.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

interface NewOptions extends CommonOptions {
  readonly scopes?: readonly string[];
  readonly expires?: string;
}

const TOKEN_BYTES = 24;
const SCOPE = /^(?:emit|read|ack|admin|stream|stream:[^\p{Cc},]{1,100})$/u;

const SCOPES: ValueKind<readonly string[]> = {
  name: 'scopes',
  allowed: 'scopes separated by commas: `emit`, `read`, `ack`, `admin`, `stream` or `stream:USER`',
  read(text) {
    const scopes = text.split(',').map((scope) => scope.trim());
    return scopes.every((scope) => SCOPE.test(scope)) ? scopes : undefined;
  },
};

const EXPIRY: ValueKind<string> = {
  name: 'expiry',
  allowed: 'a date such as 2027-06-30, or a time such as 2027-06-30T18:00:00+08:00',
  read: (text) => (readExpiry(text) === undefined ? undefined : text),
};

export const declareNew: Verb = (token, { terminal, clock, run }) => {
  token
    .command('new')
    .description('make a token, and print it with the lines for the rules, which have only its hash')
    .addArgument(new TypedArgument('<name>', shortText(100), 'name of its owner'))
    .addOption(new TypedOption('--scopes <scopes>', SCOPES, 'its rights, separated by commas, such as read,ack'))
    .addOption(new TypedOption('--expires <date>', EXPIRY, 'last day on which it is valid, or its end'))
    .action((name: string, options: NewOptions) =>
      run(async () => {
        refuseEnded(options, clock.now());
        return makeToken(terminal, name, options);
      }),
    );
};

/** Throws for an end that is over: the token would never be valid. */
function refuseEnded({ expires }: NewOptions, now: number): void {
  const at = expires === undefined ? undefined : readExpiry(expires);
  if (at !== undefined && isExpired({ expires: at }, now))
    throw new CommandError(EXIT.usage, `--expires: \`${expires}\` is over: give a date or a time that lies ahead`);
}

/** Prints a token, which is stored nowhere, and the lines for the rules. */
function makeToken(terminal: Terminal, name: string, { scopes, expires, json }: NewOptions): number {
  if (scopes === undefined) throw new CommandError(EXIT.usage, `--scopes is missing: give ${SCOPES.allowed}`);
  const token = `blf_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
  const hash = `sha256:${sha256(token)}`;
  if (json) {
    jsonLine(terminal, { name, token, token_hash: hash, scopes, ...(expires !== undefined && { expires }) });
    return EXIT.ok;
  }
  // JSON is YAML: names and scopes are quoted whatever they contain.
  const entry = [
    `- name: ${JSON.stringify(name)}`,
    `  token_hash: ${hash}`,
    `  scopes: ${JSON.stringify(scopes)}`,
    ...(expires === undefined ? [] : [`  expires: ${JSON.stringify(expires)}`]),
  ];
  line(terminal, token);
  line(terminal, '\nGive it to its owner now: it is shown only once. Add its hash to the rules:\n');
  line(terminal, ['daemon:', '  tokens:', ...entry.map((text) => `    ${text}`)].join('\n'));
  return EXIT.ok;
}
