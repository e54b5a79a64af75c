import type { EventShape } from '../../core/event/shape.ts';
import { duration, glob, oneOrMany, size, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import type { ChangeKind } from './changes.ts';
import { faultOf } from '../watching/globs.ts';
import { FileWatch } from './watch.ts';
import { defineSource, type RunningSource, type SettingProblem, type SourceIo } from '../source.ts';

const KINDS: readonly ChangeKind[] = ['created', 'changed', 'deleted'];

const settings = strict({
  paths: oneOrMany(glob(), {
    description: 'Which files, as globs; without a wildcard a file, or all in a folder. `~` is the home.',
    examples: ['/srv/inbox/**/*.csv', ['~/Downloads/*.pdf', '/etc/hosts']],
  }),
  ignore: Type.Optional(
    oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Globs of files and folders to leave out, at any depth or from the watched folder on.',
      examples: [['*.tmp', 'node_modules/', 'build/*.o']],
    }),
  ),
  events: Type.Optional(
    Type.Array(Type.Unsafe<ChangeKind>({ type: 'string', enum: [...KINDS] }), {
      minItems: 1,
      description: 'Which changes to tell.',
      examples: [['created']],
      default: [...KINDS],
    }),
  ),
  settle: Type.Optional(
    duration({
      description: 'A change counts once size, time and inode have been the same for this long.',
      examples: ['2s'],
      default: '500ms',
    }),
  ),
  initial: Type.Optional(
    Type.Boolean({
      description: 'Tell the files that are there at the very first start, as created.',
      examples: [true],
      default: false,
    }),
  ),
  missed: Type.Optional(
    Type.Boolean({
      description: 'Tell at the start what changed while the daemon was down.',
      examples: [false],
      default: true,
    }),
  ),
  rescan: Type.Optional(
    duration({
      description:
        'How often everything is compared with what is known, since the kernel loses notifications silently.',
      examples: ['5m'],
      default: '30s',
    }),
  ),
  content: Type.Optional(
    size({ description: 'Text files up to this size bring their text along as `data.content`.', examples: ['64KiB'] }),
  ),
});

type Settings = Static<typeof settings>;

const SHORTEST_RESCAN = 100;

/** Files that appear, change and go. The truth is a stored snapshot compared with what is there; the kernel's notifications only say where to look. */
export const files = defineSource({
  type: 'files',
  summary: 'Files that appear, change or go.',
  settings,
  events: ['file.created', 'file.changed', 'file.deleted'],
  shapes: shapesOf,
  check,
  start: startFiles,
});

const FILE_FIELDS = { path: 'text', name: 'text', dir: 'text', ext: 'text', size: 'number', mtime: 'text' } as const;

/** A file that is gone has no content. */
function shapesOf({ events, content }: Settings): readonly EventShape[] {
  return (events ?? KINDS).map((kind) => {
    const hasContent = content !== undefined && kind !== 'deleted';
    return { type: `file.${kind}`, data: { ...FILE_FIELDS, ...(hasContent && { content: 'text' as const }) } };
  });
}

function check({ paths, ignore = [], rescan }: Settings): readonly SettingProblem[] {
  const short = { pointer: '/rescan', message: 'it would do nothing but look', mend: 'use `1s` or more' };
  return [
    ...checkGlobs('/paths', paths, 'write one like `/srv/inbox/*.csv`; what to leave out stands in `ignore`'),
    ...checkGlobs('/ignore', ignore, 'write one like `*.tmp` or `build/`; nothing brings back what is ignored'),
    ...(rescan !== undefined && rescan < SHORTEST_RESCAN ? [short] : []),
  ];
}

function checkGlobs(pointer: string, globs: readonly string[], mend: string): readonly SettingProblem[] {
  return globs.flatMap((glob, index) => {
    const message = faultOf(glob);
    const place = globs.length === 1 ? pointer : `${pointer}/${index}`;
    return message === undefined ? [] : [{ pointer: place, message, mend }];
  });
}

async function startFiles(given: Settings, io: SourceIo): Promise<RunningSource> {
  const { paths, ignore = [], events, settle, initial, missed, rescan, content } = given;
  const stopping = new AbortController();
  const watch = new FileWatch(
    {
      paths,
      ignore,
      events: events!,
      settle: settle!,
      initial: initial!,
      missed: missed!,
      rescan: rescan!,
      content,
    },
    io,
    stopping.signal,
  );
  // Looked at before this returns: what comes after it is news.
  await watch.look();
  const running = keep(watch, io, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function keep(watch: FileWatch, io: SourceIo, signal: AbortSignal): Promise<void> {
  await Promise.race([io.live, aborted(signal)]);
  await watch.run();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
