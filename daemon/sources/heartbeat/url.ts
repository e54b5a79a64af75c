import type { Signal } from './events.ts';
import type { HookRequest } from '../source.ts';

/** What is kept of what a job printed, bytes: its end, where errors stand. */
const MOST_OUTPUT = 10 * 1024;
const LARGEST_EXIT_CODE = 255;

type Said = Pick<Signal, 'kind' | 'exitCode'>;

const BEAT: Said = { kind: 'beat' };

/** What stands behind the heartbeat's own path. */
const ENDINGS: readonly { readonly form: RegExp; readonly said: (code: number) => Said | undefined }[] = [
  { form: /^$/, said: () => BEAT },
  { form: /^\/start$/, said: () => ({ kind: 'start' }) },
  { form: /^\/fail$/, said: () => ({ kind: 'fail' }) },
  { form: /^\/0$/, said: () => BEAT },
  {
    form: /^\/[1-9]\d{0,2}$/,
    said: (exitCode) => (exitCode <= LARGEST_EXIT_CODE ? { kind: 'fail', exitCode } : undefined),
  },
];

/** What a request says about a job; undefined when its path means nothing. */
export function signalOf(
  { path, body }: Pick<HookRequest, 'path' | 'body'>,
  mount: string,
  at: number,
): Signal | undefined {
  const rest = path.slice(mount.length);
  const ending = ENDINGS.find(({ form }) => form.test(rest));
  const said = ending?.said(Number(rest.slice(1)));
  const output = outputOf(body);
  return said && { ...said, at, ...(output !== '' && { output }) };
}

/** As text, without the character that was cut in two. */
function outputOf(body: Buffer): string {
  const isCut = body.length > MOST_OUTPUT;
  if (!isCut) return body.toString('utf8').trimEnd();
  let from = body.length - MOST_OUTPUT;
  while (isInsideCharacter(body[from])) from += 1;
  return body.toString('utf8', from).trimEnd();
}

/** https://www.rfc-editor.org/rfc/rfc3629#section-3 */
function isInsideCharacter(byte: number | undefined): boolean {
  return byte !== undefined && byte >> 6 === 0b10;
}
