import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import type { StatePaths } from '../../../app/state/paths.ts';
import { syncFolder } from '../../../lib/files/atomic-file.ts';
import { makeFolder } from '../../../lib/files/make-folder.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import type { Json } from '../../../core/values/json.ts';
import { NoAnswer } from '../../connection/answer-wait.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

interface QueueOptions extends CommonOptions {
  /** Milliseconds. */
  readonly wait?: number;
}

/** Event as `emit` posts it. */
export interface PostedEvent {
  readonly id: string;
  readonly type: string;
  readonly source?: string;
  readonly subject?: string;
  readonly time: string;
  readonly data: Json;
  readonly belfryhops?: number;
}

interface QueueRequest {
  readonly paths: StatePaths;
  readonly event: PostedEvent;
  readonly options: QueueOptions;
  /** The reason why no daemon has accepted the event. */
  readonly why: CommandError;
}

/** Writes the event to the inbox durably: temporary file, fsync, rename, fsync of the folder. Returns the file. */
export async function leaveInInbox(
  { terminal, config }: { readonly terminal: Terminal; readonly config: string },
  { paths, event, options, why }: QueueRequest,
): Promise<string> {
  const name = `${encodeURIComponent(event.id).slice(0, 200)}.json`;
  try {
    const { continueAsOwner } = await import('../../../app/state/state-owner.ts');
    // The daemon must be able to read the event, and to delete it.
    const again = { state: paths.state, config, args: argsOf(event, options), input: JSON.stringify(event.data) };
    await continueAsOwner(terminal, again);
    await makeFolder(paths.inbox);
    const aside = path.join(paths.inbox, `.${name}.${terminal.pid}`);
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(event));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path.join(paths.inbox, name));
    await syncFolder(paths.inbox);
    return path.join(paths.inbox, name);
  } catch (cause) {
    throw new CommandError(
      why.exit,
      `${why.message}\nnothing was kept: the inbox ${paths.inbox} cannot be written: ${(cause as Error).message}; \`belfry doctor\` says what to correct`,
      { cause },
    );
  }
}

/** Arguments that emit the same event once more. Its data comes on standard input. */
function argsOf(
  { id, type, time, source, subject }: PostedEvent,
  { wait, json, utc }: QueueOptions,
): readonly string[] {
  return [
    'emit',
    `--id=${id}`,
    `--time=${time}`,
    '--data=-',
    ...(source === undefined ? [] : [`--source=${source}`]),
    ...(subject === undefined ? [] : [`--subject=${subject}`]),
    ...(wait === undefined ? [] : [`--wait=${wait}ms`]),
    ...(json ? ['--json'] : []),
    ...(utc ? ['--utc'] : []),
    '--',
    type,
  ];
}

export function printQueued(
  terminal: Terminal,
  paths: StatePaths,
  id: string,
  options: QueueOptions,
  why: CommandError,
): number {
  const waited = options.wait !== undefined;
  if (options.json)
    jsonLine(terminal, { id, duplicate: false, queued: true, ...(waited && { outcomes: {}, deliveries: [] }) });
  else line(terminal, id);
  terminal.stderr.write(
    why instanceof NoAnswer
      ? `belfry: ${why.message}\nbelfry: the event also waits in ${paths.inbox} and is accepted at the next start, unless it was accepted already\n`
      : `belfry: no daemon answers; the event waits in ${paths.inbox} and is accepted at the next start\n`,
  );
  // Exit 69 means that nothing was kept, but the event is in the inbox.
  return waited ? EXIT.failed : EXIT.ok;
}
