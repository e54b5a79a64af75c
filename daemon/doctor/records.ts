import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isObject, parseJson } from '../core/values/json.ts';
import type { FoundDaemon } from './check.ts';

/** Records of daemons in these folders; they may be out of date. */
export async function readRecordFiles(folders: readonly string[]): Promise<readonly FoundDaemon[]> {
  const found: FoundDaemon[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((one) => /^belfry(?:-[0-9a-f]+)?\.json$/.test(one))) {
      const from = path.join(folder, name);
      const record = await readFile(from, 'utf8').then(recordIn, () => undefined);
      if (record !== undefined) found.push({ ...record, from });
    }
  }
  return found;
}

function recordIn(text: string): Omit<FoundDaemon, 'from'> | undefined {
  try {
    const value = parseJson(text);
    if (!isObject(value) || typeof value.pid !== 'number' || typeof value.config !== 'string') return undefined;
    const { pid, config, socket } = value;
    return { pid, config, ...(typeof socket === 'string' && { socket }) };
  } catch {
    return undefined;
  }
}
