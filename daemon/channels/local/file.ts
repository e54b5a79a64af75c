import type { BigIntStats } from 'node:fs';
import { access, constants, type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { WriteEnd } from '../../core/event/file-writes.ts';
import { hopsAfter } from '../../core/event/hops.ts';
import { fail, ok } from '../../core/problems/doctor.ts';
import { type FailureClass, SendFailure } from '../../core/problems/failure.ts';
import type { Message } from '../../core/message/message.ts';
import { pathTemplate, strict } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Template } from '../../core/ruleset.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import { systemErrorCode } from '../../lib/machine/system-error.ts';
import { type ChannelCheck, type ChannelTools, defineChannel, supports } from '../channel.ts';
import { isFixed } from '../kit/fixed-text.ts';
import { notification, sendVariables } from '../kit/http/settings.ts';
import { plainBodyWithDetails, plainTitle } from '../kit/text/plain.ts';
import { wellFormed } from '../kit/text/text.ts';

type FileFormat = 'jsonl' | 'text';

const writableCheck: ChannelCheck<{ readonly path: Template }> = {
  name: 'file.writable',
  about: 'The file of a `file` channel, or the folder in which it is to be created, cannot be written.',
  mend: 'let the user that runs belfry write there (chown), or set another `path`',
  async run({ path: target }) {
    if (!isFixed(target)) return [ok('the path is a template, so it is known only when a message is sent')];
    const { source } = target;
    for (let at = source; ; at = path.dirname(at)) {
      const code = await access(at, constants.W_OK).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error.code ?? 'unknown',
      );
      if (code === undefined) return [ok(`${source} can be written`)];
      if (code !== 'ENOENT' || at === path.dirname(at)) return [fail(`${source} cannot be written (${code} at ${at})`)];
    }
  },
};

/** Appends each message to a file as one line, which is synced before the message counts as delivered. */
export const file = defineChannel({
  type: 'file',
  summary: 'A file to which each message is appended as one line, as JSON or as text',
  documentation: 'https://jsonlines.org/',
  setup: ['Choose a file in a folder that the user of Belfry may write.'],
  example: { path: '/var/log/belfry/messages.jsonl' },
  receipt: 'number of bytes that were appended',
  settings: strict({
    path: pathTemplate({
      description:
        'Path of the file. The file and its folder are created if they do not exist. The path may be a template; `/` in values of an event becomes `_`.',
      examples: ['/var/log/belfry/notifications.jsonl', 'outbox/{{ rule }}.jsonl'],
    }),
    format: Type.Optional(
      Type.Unsafe<FileFormat>({
        type: 'string',
        enum: ['jsonl', 'text'],
        description: '`jsonl`: one JSON object a line. `text`: time, priority, title and body on one line.',
        examples: ['text'],
        default: 'jsonl',
      }),
    ),
  }),
  limits: { concurrency: 1 },
  supports: supports({ kept: 'markdown html priority tags link fields' }),
  idempotent: false,
  uses: ({ path: target }) => (isFixed(target) ? { files: [target.source] } : {}),
  output: ({ path: target }) => (isFixed(target) ? { file: target.source } : {}),
  doctorChecks: [writableCheck],
  open({ path: target, format = 'jsonl' }, tools) {
    let previous: Promise<unknown> = Promise.resolve();
    return {
      async send(message, { delivery, signal }) {
        const { text, error } = target.render(sendVariables(message, delivery), asName);
        if (error !== undefined)
          throw new SendFailure('permanent', 'file.path', `the template of path failed: ${error}`);
        const line = LINES[format](message, delivery, tools.clock.now());
        // One at a time, so that a line that a full disk has cut is always the last one and can be removed.
        const begin = beginWrite(tools.writes, hopsAfter(delivery));
        const appended = previous.then(() => append(text, line, signal, begin));
        previous = appended.catch(() => undefined);
        return { answer: `${await appended} bytes appended` };
      },
    };
  },
});

/** Makes a value from an event safe as a part of a file name, without slashes and leading dots. */
function asName(value: string): string {
  return wellFormed(value)
    .replace(/[/\\\p{Cc}]/gu, '_')
    .replace(/^\.+/, '_');
}

const LINES: Readonly<Record<FileFormat, (message: Message, delivery: Delivery, now: number) => string>> = {
  jsonl: (message, delivery) => `${JSON.stringify(notification(message, delivery))}\n`,
  text(message, _, now) {
    const body = plainBodyWithDetails(message);
    const said = [plainTitle(message), body].filter((part) => part !== '').join(': ');
    return `${new Date(now).toISOString()} [${message.priority}] ${escapeLine(said)}\n`;
  },
};

/** Escapes newlines as `\n` and backslashes as `\\`, so that a message is one line and can be unescaped. */
function escapeLine(text: string): string {
  return wellFormed(text)
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Records the bytes before they are written to a file, as a source may read them at once. */
type BeginWrite = (before: BigIntStats, length: number) => WriteEnd;

const beginWrite =
  (writes: ChannelTools['writes'], hops: number): BeginWrite =>
  (before, length) => {
    if (!before.isFile()) return () => undefined;
    const from = Number(before.size);
    return writes.begin({ device: `${before.dev}`, inode: `${before.ino}`, from, to: from + length, hops });
  };

const stateOf = ({ size, mtimeNs, ino }: BigIntStats): string => `${size},${mtimeNs},${ino}`;

/** Resolves to the number of bytes once they are on disk. */
async function append(target: string, line: string, signal: AbortSignal, begin: BeginWrite): Promise<number> {
  if (signal.aborted) {
    throw new SendFailure('transient', 'file.aborted', 'the attempt ended before anything was written');
  }
  let opened: FileHandle;
  try {
    await refuseSpecial(target);
    await makeFolder(path.dirname(target));
    opened = await open(target, 'a+', 0o600);
  } catch (error) {
    throw fileFailure(error, 'opened');
  }
  try {
    return await appendTo(opened, line, begin);
  } finally {
    await opened.close();
  }
}

/** Refuses pipes and sockets: opening a pipe without a reader would block for ever. */
async function refuseSpecial(target: string): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  if (found?.isFIFO() === true || found?.isSocket() === true) {
    throw new SendFailure('permanent', 'file.not_a_file', 'path is a pipe or a socket; name a file', {
      misconfigured: true,
    });
  }
}

async function appendTo(opened: FileHandle, line: string, begin: BeginWrite): Promise<number> {
  const before = await opened.stat({ bigint: true });
  const bytes = Buffer.from((await endsMidLine(opened, before)) ? `\n${line}` : line, 'utf8');
  const end = begin(before, bytes.length);
  try {
    const { bytesWritten } = await opened.write(bytes);
    if (bytesWritten < bytes.length) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
  } catch (error) {
    if (before.isFile()) await opened.truncate(Number(before.size)).catch(() => undefined);
    end(undefined);
    throw fileFailure(error, 'written');
  }
  end(await opened.stat({ bigint: true }).then(stateOf, () => undefined));
  try {
    if (before.isFile()) await opened.sync();
  } catch (error) {
    // After a failed sync the content of the disk is unknown.
    throw new SendFailure('unknown', codeOf(error), 'the file could not be synced to disk', { cause: error });
  }
  return bytes.length;
}

/** Whether the file ends with an incomplete line of a crash or another program. */
async function endsMidLine(opened: FileHandle, stats: BigIntStats): Promise<boolean> {
  if (!stats.isFile() || stats.size === 0n) return false;
  const last = Buffer.alloc(1);
  await opened.read(last, 0, 1, Number(stats.size) - 1);
  return last[0] !== 0x0a;
}

interface Row {
  readonly class: FailureClass;
  readonly message: string;
  readonly misconfigured?: boolean;
}

const blocked = (message: string): Row => ({ class: 'permanent', message, misconfigured: true });
const passing = (message: string): Row => ({ class: 'transient', message });

/** Classes of errno(3) codes. */
const ROWS: Readonly<Record<string, Row>> = {
  ENOSPC: passing('the disk is full'),
  EDQUOT: passing('the disk quota is exhausted'),
  EMFILE: passing('this process has too many files open'),
  ENFILE: passing('this machine has too many files open'),
  EIO: passing('the disk reported an error'),
  EBUSY: passing('the file is busy'),
  EAGAIN: passing('the file is busy'),
  ESTALE: passing('the network file system lost the file'),
  EACCES: blocked('no permission: let the user that runs belfry write to path'),
  EPERM: blocked('not permitted: let the user that runs belfry append to path'),
  EROFS: blocked('the file system is read-only'),
  EISDIR: blocked('path is a folder; name a file in it'),
  ENOTDIR: blocked('a part of path is a file where a folder should be'),
  EEXIST: blocked('a part of path is a file where a folder should be'),
  ELOOP: blocked('the symbolic links in path form a loop'),
  ENOENT: passing(
    'a folder above path has vanished while it was in use (a stale mount, a cleaned PrivateTmp); restart belfry',
  ),
  ENXIO: blocked('path is not a file'),
  ENAMETOOLONG: { class: 'permanent', message: 'the file name is too long' },
  EFBIG: blocked('the file has reached the largest size allowed'),
};

const codeOf = (error: unknown): string => `file.${(systemErrorCode(error) ?? 'failed').toLowerCase()}`;

function fileFailure(error: unknown, step: 'opened' | 'written'): SendFailure {
  if (error instanceof SendFailure) return error;
  const row = ROWS[systemErrorCode(error) ?? ''] ?? passing('an unexpected error');
  const detail = row.misconfigured === true ? { misconfigured: true } : {};
  return new SendFailure(row.class, codeOf(error), `the file could not be ${step}: ${row.message}`, detail);
}
