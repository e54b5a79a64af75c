import { constants, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { NotRegularFile, openRegularFile } from '../../../lib/files/regular-file.ts';
import { cleanLine } from '../text/text.ts';

export interface Attachment {
  readonly filename: string;
  readonly content: Buffer;
}

export interface Attachments {
  readonly files: readonly Attachment[];
  /** Lines for the reader of the mail, one for each file that is not attached. */
  readonly left: readonly string[];
}

/** Bytes of all files of a mail together, if a service takes no fewer; mail servers seldom accept more than 20 MiB, and base64 adds a third. */
const MAX_BYTES = 10 * 2 ** 20;

/** Reads the files to attach. A file that cannot be read is named in the mail, which is sent without it. URLs are not fetched. */
export async function readAttachments(wanted: readonly string[], maxBytes = MAX_BYTES): Promise<Attachments> {
  const files: Attachment[] = [];
  const left: string[] = [];
  let room = maxBytes;
  for (const item of wanted) {
    const content = /^[a-z][a-z\d+.-]*:\/\//i.test(item) ? 'it is a link' : await contentOf(item, room);
    if (typeof content === 'string') {
      left.push(`Not attached: ${cleanLine(item)} (${content})`);
    } else {
      files.push({ filename: cleanLine(path.basename(item)) || 'file', content });
      room -= content.length;
    }
  }
  return { files, left };
}

/** The content, or the reason why it is not attached. */
async function contentOf(file: string, room: number): Promise<Buffer | string> {
  let opened: FileHandle | undefined;
  try {
    opened = await openRegularFile(file, constants.O_RDONLY);
    if ((await opened.stat()).size > room) return 'it is too large';
    const content = await opened.readFile();
    return content.length > room ? 'it is too large' : content;
  } catch (error) {
    if (error instanceof NotRegularFile) return 'it is not a file';
    return READ_ERRORS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'it cannot be read';
  } finally {
    await opened?.close();
  }
}

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'belfry may not read it',
  EPERM: 'belfry may not read it',
};
