import { readdir, readFile, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { EventInput } from '../core/event.ts';
import { isObject, parseJson } from '../core/json.ts';
import type { Log } from '../lib/log.ts';

/**
 * Takes in what `belfry emit` left in `<state>/inbox/` while no daemon ran, oldest first. A file goes once its event is on
 * disk; its id makes a repeat after a crash a duplicate. What is not an event is set aside as `*.bad`, never deleted.
 */
export async function takeInbox(
  folder: string,
  accept: (events: readonly EventInput[]) => Promise<unknown>,
  log: Log,
): Promise<number> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort();
  let taken = 0;
  for (const name of names) {
    const file = path.join(folder, name);
    const text = await readFile(file, 'utf8').catch(unlessGone);
    if (text === undefined) continue;
    const event = parse(text);
    if (event === undefined) {
      await rename(file, `${file}.bad`);
      log.error({ file: `${name}.bad` }, 'inbox: not an event; set aside');
      continue;
    }
    try {
      await accept([event]);
    } catch (error) {
      log.error({ file: name, error: (error as Error).message }, 'inbox: not taken; it stays for the next start');
      continue;
    }
    await unlink(file).catch(unlessGone);
    taken += 1;
  }
  if (taken > 0) log.info({ events: taken }, 'inbox: taken in');
  return taken;
}

/** A file that is gone was taken back by the command that left it, which could post the event after all. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function parse(text: string): EventInput | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) && typeof value.type === 'string' && typeof value.id === 'string'
      ? (value as EventInput)
      : undefined;
  } catch {
    return undefined;
  }
}
