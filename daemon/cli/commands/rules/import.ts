import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { Draft } from '../../import/draft.ts';
import type { Translation } from '../../import/formats.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument, TypedOption } from '../../options.ts';
import { CommandError, type CommonOptions, harmless, jsonLine, readAll, type Terminal } from '../../render/terminal.ts';

interface ImportOptions extends CommonOptions {
  readonly from?: string;
  readonly env?: string;
}

export const verb: Verb = (program, { terminal, run }) => {
  program
    .command('import')
    .description(
      'translate the configuration of another program to rules; exit 1 if parts of it could not be translated',
    )
    .addArgument(
      new TypedArgument(
        '<source>',
        NAME,
        'file, - for standard input, or the URL of a file or of a channel (slack://...)',
      ),
    )
    .addOption(
      new TypedOption('--from <format>', NAME, 'format of the configuration; found by its content if not given'),
    )
    .addOption(new TypedOption('--env <file>', NAME, 'write the secrets to a new file of environment variables'))
    .action((source: string, options: ImportOptions) => run(() => importRules(terminal, source, options)));
};

/** `belfry import`: the rules go to standard output, what was not translated and the variables to set to standard error. */
async function importRules(terminal: Terminal, source: string, options: ImportOptions): Promise<number> {
  const { rulesText } = await import('../../import/rules-text.ts');
  const text = await textOf(terminal, source, options.from);
  const { draft, format } = await translated(text, source, options.from);
  const rules = await rulesText(draft, format.about);
  const name = source === '-' ? 'standard input' : isUrl(source) ? 'the URL' : source;
  if (options.env !== undefined) await writeSecrets(options.env, draft, terminal);
  if (options.json) jsonLine(terminal, { rules, variables: [...draft.secrets.keys()], skipped: draft.skipped });
  else {
    terminal.stdout.write(rules);
    report(terminal, name, draft, options.env);
  }
  return draft.skipped.length === 0 ? EXIT.ok : EXIT.failed;
}

async function translated(text: string, source: string, from: string | undefined): Promise<Translation> {
  const { IMPORT_FORMATS, translate } = await import('../../import/formats.ts');
  const { removeInvalid } = await import('../../import/validate.ts');
  const names = IMPORT_FORMATS.map(({ name }) => name).join(', ');
  if (from !== undefined && !IMPORT_FORMATS.some(({ name }) => name === from))
    throw new CommandError(EXIT.usage, `--from: \`${harmless(from)}\` is not a format: give one of ${names}`);
  const found = await translate(text, from);
  if (found !== undefined) {
    await removeInvalid(found.draft);
    return found;
  }
  const where = source === '-' ? 'standard input' : harmless(isUrl(source) ? 'the URL' : source);
  throw new CommandError(
    EXIT.failed,
    `${where} is not a configuration that can be translated; name its format with --from: ${names}`,
  );
}

const isUrl = (source: string): boolean => /^[a-z][a-z\d+.-]*:\/\//i.test(source);

const MAX_BYTES = 10_000_000;
const FETCH_TIMEOUT_MS = 30_000;

/** Text of the source. A URL of a channel is its own text. */
async function textOf({ stdin, cwd }: Terminal, source: string, from: string | undefined): Promise<string> {
  if (source === '-') return await readAll(stdin);
  if (isUrl(source)) {
    const { isOwnUrl } = await import('../../import/formats.ts');
    return /^https?:\/\//i.test(source) && !isOwnUrl(source, from) ? await download(source) : source;
  }
  try {
    return await readFile(path.resolve(cwd, source), 'utf8');
  } catch (cause) {
    throw new CommandError(EXIT.usage, `${harmless(source)} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function download(given: string): Promise<string> {
  const fail = (why: string): never => {
    throw new CommandError(EXIT.failed, `the URL cannot be read: ${why}`);
  };
  if (!URL.canParse(given)) return fail('it is not valid');
  try {
    const url = new URL(given);
    const login = [url.username, url.password].map(decodeURIComponent).join(':');
    // `fetch` refuses a URL with a login, and shows it.
    url.username = url.password = '';
    const headers = login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!answer.ok) return fail(`the server answers ${answer.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body ?? []) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return fail('the file is larger than 10 MB');
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { cause, message } = error as Error;
    return fail(cause instanceof Error ? cause.message : message);
  }
}

/** Writes the secrets in the form of `EnvironmentFile` of systemd, for the owner only. Refuses a file that exists. */
async function writeSecrets(file: string, { secrets }: Draft, { cwd }: Terminal): Promise<void> {
  const lines = [...secrets].map(([name, value]) =>
    value === undefined ? `# ${name}=` : `${name}="${value.replace(/["\\$`]/g, '\\$&')}"`,
  );
  try {
    await writeFile(path.resolve(cwd, file), `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CommandError(EXIT.failed, `--env: ${harmless(file)} cannot be written: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function report({ stderr }: Terminal, name: string, { secrets, skipped }: Draft, env: string | undefined): void {
  for (const { line, text, reason, mend } of skipped)
    stderr.write(`${harmless(name)}:${line}: ${harmless(text)}: not translated: ${reason}; ${mend}\n`);
  const unset = [...secrets].filter(([, value]) => env === undefined || value === undefined).map(([each]) => each);
  if (unset.length > 0) stderr.write(`set these variables in the environment of the daemon: ${unset.join(', ')}\n`);
  if (env !== undefined) stderr.write(`the secrets are in ${harmless(env)}\n`);
}
