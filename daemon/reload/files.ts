import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Problem } from '../core/problems/failure.ts';

export const MAX_FILE_BYTES = 16 * 1024 * 1024;
export const MAX_FILES = 10_000;
/** Bound for a directory that is not one of rules, such as `/proc/self`, whose links lead to all files. */
export const MAX_FOLDERS = 10_000;
export const MAX_FOLDER_DEPTH = 32;

export interface Listing {
  readonly files: readonly string[];
  /** Problems of directories; a problem of one file is reported when it is read. */
  readonly problems: readonly Problem[];
}

/** Test for the name of a rules file: `*.yaml` or `*.yml`, no rule tests, no name that begins with `.` or `_`. */
export function isRulesFile(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !isIgnored(name);
}

export function isIgnored(name: string): boolean {
  return name.startsWith('.') || name.startsWith('_');
}

/** Lists the rules files of a directory at any depth, ordered by path, or the one file that is named. Follows links, but visits each directory once. */
export async function listRulesFiles(root: string): Promise<Listing> {
  const kind = await stat(root).catch((error: NodeJS.ErrnoException) => error);
  if (kind instanceof Error) {
    const code = kind.code ?? 'unknown';
    const message = code === 'ENOENT' ? 'there is no such file or directory' : `it cannot be read (${code})`;
    return {
      files: [],
      problems: [
        fileProblem(root, 'file.unreadable', message, 'name a rules file or a directory of them with `--config`'),
      ],
    };
  }
  if (!kind.isDirectory()) return { files: [root], problems: [] };
  const walk = { files: [] as string[], problems: [] as Problem[], seen: new Set<string>() };
  await listFolder(root, 0, walk);
  if (isTooLarge(walk)) {
    const what = walk.files.length > MAX_FILES ? `${MAX_FILES} rules files` : `${MAX_FOLDERS} directories`;
    const problem = fileProblem(root, 'file.too_many', `it holds more than ${what}`, 'is this the right directory?');
    return { files: [], problems: [problem] };
  }
  return { files: walk.files.sort((a, b) => (a < b ? -1 : 1)), problems: walk.problems };
}

const isTooLarge = ({
  files,
  seen,
}: {
  readonly files: readonly string[];
  readonly seen: ReadonlySet<string>;
}): boolean => files.length > MAX_FILES || seen.size > MAX_FOLDERS;

async function listFolder(
  folder: string,
  depth: number,
  walk: { files: string[]; problems: Problem[]; seen: Set<string> },
): Promise<void> {
  if (isTooLarge(walk)) return;
  const real = await realpath(folder).catch(() => undefined);
  if (real === undefined || walk.seen.has(real)) return;
  if (depth > MAX_FOLDER_DEPTH) {
    const message = `this directory is more than ${MAX_FOLDER_DEPTH} levels below the rules directory`;
    walk.problems.push(fileProblem(folder, 'file.too_deep', message, 'move its files up, or begin its name with `_`'));
    return;
  }
  walk.seen.add(real);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => error);
  if (entries instanceof Error) {
    walk.problems.push(
      fileProblem(
        folder,
        'file.unreadable',
        `this directory cannot be read (${entries.code ?? 'unknown'})`,
        'let the user of the daemon read it: `chgrp` with the group of that user, and `chmod g+rx`',
      ),
    );
    return;
  }
  for (const entry of entries) {
    if (isIgnored(entry.name) || walk.files.length > MAX_FILES) continue;
    const full = path.join(folder, entry.name);
    const isFolder = entry.isSymbolicLink()
      ? await stat(full)
          .then((target) => target.isDirectory())
          .catch(() => false)
      : entry.isDirectory();
    if (isFolder) await listFolder(full, depth + 1, walk);
    else if (isRulesFile(entry.name)) walk.files.push(full);
  }
}

export type ReadResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: Problem; readonly bytes?: Buffer };

/** Reads a rules file: a regular file of at most 16 MiB of UTF-8, with or without a byte order mark. Never waits on a FIFO. `file` is its name in problems, `location` its path. */
export async function readRulesFile(file: string, location = file): Promise<ReadResult> {
  const refuse = (code: string, message: string, mend: string): ReadResult => ({
    ok: false,
    problem: fileProblem(file, code, message, mend),
  });
  try {
    const handle = await open(location, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const { size, ...kind } = await handle.stat().then((found) => ({ size: found.size, regular: found.isFile() }));
      if (!kind.regular) return refuse('file.not_regular', 'this is not a regular file', 'put a file here');
      if (size > MAX_FILE_BYTES)
        return refuse('file.too_large', 'the file is larger than 16 MiB', 'split it into several files');
      return decodeText(file, await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const message = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`;
    return refuse(
      'file.unreadable',
      message,
      code === 'EACCES'
        ? 'let the user of the daemon read it: `chgrp` with the group of that user, and `chmod g+r`'
        : 'check the path',
    );
  }
}

function decodeText(file: string, bytes: Buffer): ReadResult {
  if (bytes.length > MAX_FILE_BYTES) {
    return {
      ok: false,
      problem: fileProblem(file, 'file.too_large', 'the file is larger than 16 MiB', 'split it into several files'),
    };
  }
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (wide)
    return { ok: false, problem: fileProblem(file, 'file.encoding', 'the file is UTF-16', 'save it as UTF-8'), bytes };
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const { line, column } = firstInvalid(bytes);
    const problem = {
      file,
      line,
      column,
      code: 'file.encoding',
      message: 'the file is not UTF-8 from here on',
      mend: 'save it as UTF-8',
    };
    return { ok: false, problem, bytes };
  }
  if (text.trim() === '') {
    const problem = fileProblem(
      file,
      'file.empty',
      'the file is empty',
      'write rules into it, a comment, or delete it',
    );
    return { ok: false, problem, bytes };
  }
  return { ok: true, text };
}

/** Position of the first byte that is not UTF-8, found by binary search for the longest valid beginning. */
function firstInvalid(bytes: Buffer): { line: number; column: number } {
  const decoder = (end: number): string | undefined => {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true });
    } catch {
      return undefined;
    }
  };
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decoder(middle) === undefined) bad = middle;
    else good = middle;
  }
  const before = (decoder(good) ?? '').split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

export function fileProblem(file: string, code: string, message: string, mend: string): Problem {
  return { file, line: 1, column: 1, code, message, mend };
}
