import { constants, type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { cleanLine } from '../kit/text/text.ts';

export interface Attachment {
  readonly filename: string;
  readonly content: Buffer;
}

export interface Attachments {
  readonly files: readonly Attachment[];
  /** One line for each that is not attached, for the reader of the mail. */
  readonly left: readonly string[];
}

/** Together; mail servers seldom take more than 20 MiB, and base64 adds a third. */
const MOST = 10 * 2 ** 20;

/** Reads the files that a message wants to have attached. What cannot be read is said in the mail: the message matters more. URLs are not fetched. */
export async function readAttachments(wanted: readonly string[]): Promise<Attachments> {
  const files: Attachment[] = [];
  const left: string[] = [];
  let room = MOST;
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

/** The content, or why there is none. */
async function contentOf(file: string, room: number): Promise<Buffer | string> {
  let opened: FileHandle | undefined;
  try {
    // Without O_NONBLOCK a pipe that nobody writes to would wait for ever.
    opened = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await opened.stat();
    if (!found.isFile()) return 'it is no file';
    if (found.size > room) return 'it is too large';
    const content = await opened.readFile();
    return content.length > room ? 'it is too large' : content;
  } catch (error) {
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
