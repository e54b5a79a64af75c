import { constants, type FileHandle, realpath } from 'node:fs/promises';
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
export const MAX_BYTES = 10 * 2 ** 20;

/**
 * Reads the files to attach, which must be below one of `folders`, since an event may choose them. A file that is not attached is
 * named in the mail, which is sent without it. URLs are not fetched.
 */
export async function readAttachments(
  wanted: readonly string[],
  folders: readonly string[],
  maxBytes = MAX_BYTES,
): Promise<Attachments> {
  const files: Attachment[] = [];
  const left: string[] = [];
  let room = maxBytes;
  for (const item of wanted) {
    const content = /^[a-z][a-z\d+.-]*:\/\//i.test(item) ? 'it is a link' : await contentOf(item, folders, room);
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
async function contentOf(file: string, folders: readonly string[], room: number): Promise<Buffer | string> {
  if (!isBelow(path.resolve(file), folders)) return OUTSIDE;
  let opened: FileHandle | undefined;
  try {
    const real = await realpath(file);
    // A link in a folder could lead out of it.
    if (!isBelow(real, await realFolders(folders))) return OUTSIDE;
    opened = await openRegularFile(real, constants.O_RDONLY | constants.O_NOFOLLOW);
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

const OUTSIDE = 'it is not below a folder of `daemon.attach_from`';

const isBelow = (file: string, folders: readonly string[]): boolean =>
  folders.some((folder) => file.startsWith(folder.endsWith(path.sep) ? folder : `${folder}${path.sep}`));

const realFolders = async (folders: readonly string[]): Promise<readonly string[]> =>
  await Promise.all(folders.map(async (folder) => await realpath(folder).catch(() => folder)));

const READ_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
  EACCES: 'belfry may not read it',
  EPERM: 'belfry may not read it',
};
