import type { EventShape } from '../../core/event/shape.ts';
import { duration, oneOrMany, size, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import type { ChangeKind } from './changes.ts';
import { compileGlobs } from '../watching/globs.ts';
import { checkGlobs, instanceSetting, pathsSetting, watchedBy } from '../watching/settings.ts';
import { settledBeforeAbort } from '../kit/wait.ts';
import { fieldsOfName, FileWatch } from './watch.ts';
import { defineSource, type RunningSource, type SettingProblem, type SourceIo } from '../source.ts';

const KINDS: readonly ChangeKind[] = ['created', 'changed', 'deleted'];

const settings = strict({
  paths: pathsSetting('/srv/inbox/**/*.csv', ['~/Downloads/*.pdf', '/etc/hosts']),
  ignore: Type.Optional(
    oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Globs of files and folders that are ignored, at any depth or relative to the watched folder.',
      examples: [['*.tmp', 'node_modules/', 'build/*.o']],
    }),
  ),
  events: Type.Optional(
    Type.Array(Type.Unsafe<ChangeKind>({ type: 'string', enum: [...KINDS] }), {
      minItems: 1,
      description: 'Changes that make an event.',
      examples: [['created']],
      default: [...KINDS],
    }),
  ),
  settle: Type.Optional(
    duration({
      description: 'A change counts once size, modification time and inode have stayed the same for this long.',
      examples: ['2s'],
      default: '500ms',
    }),
  ),
  initial: Type.Optional(
    Type.Boolean({
      description: 'Report files that exist at the very first start, as created.',
      examples: [true],
      default: false,
    }),
  ),
  missed: Type.Optional(
    Type.Boolean({
      description: 'Report at the start what changed while the daemon was down.',
      examples: [false],
      default: true,
    }),
  ),
  rescan: Type.Optional(
    duration({
      description: 'Interval of full scans, which find changes whose notifications the kernel has lost.',
      examples: ['5m'],
      default: '30s',
    }),
  ),
  content: Type.Optional(
    size({ description: 'Text files up to this size have their text in `data.content`.', examples: ['64KiB'] }),
  ),
  instance: instanceSetting,
});

type Settings = Static<typeof settings>;

const MIN_RESCAN_MS = 100;

/** Created, changed and deleted files. A stored snapshot is compared with the file system; notifications of the kernel only show where to scan. */
export const files = defineSource({
  type: 'files',
  summary: 'Files that are created, changed or deleted.',
  settings,
  events: ['file.created', 'file.changed', 'file.deleted'],
  shapes: shapesOf,
  check,
  uses: ({ paths, ignore = [] }) => watchedBy(compileGlobs(paths, ignore)),
  takes: ({ paths, ignore = [], events = KINDS }, { file }) =>
    file !== undefined && events.includes('changed') && compileGlobs(paths, ignore).matches(file)
      ? { type: 'file.changed', data: fieldsOfName(file) }
      : undefined,
  instance: ({ instance }) => instance,
  start: startFiles,
});

const FILE_FIELDS = { path: 'text', name: 'text', dir: 'text', ext: 'text', size: 'number', mtime: 'text' } as const;

/** Fields of the events; a deleted file has no content. */
function shapesOf({ events, content }: Settings): readonly EventShape[] {
  return (events ?? KINDS).map((kind) => {
    const hasContent = content !== undefined && kind !== 'deleted';
    return { type: `file.${kind}`, data: { ...FILE_FIELDS, ...(hasContent && { content: 'text' as const }) } };
  });
}

function check({ paths, ignore = [], rescan }: Settings): readonly SettingProblem[] {
  const short = { pointer: '/rescan', message: 'the interval is too short', mend: 'use `1s` or more' };
  return [
    ...checkGlobs('/paths', paths, 'write one like `/srv/inbox/*.csv`; put exclusions into `ignore`'),
    ...checkGlobs('/ignore', ignore, 'write one like `*.tmp` or `build/`; an ignored path cannot be included again'),
    ...(rescan !== undefined && rescan < MIN_RESCAN_MS ? [short] : []),
  ];
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
  // Scanned before this returns, so that every later change is an event.
  await watch.look();
  const running = settledBeforeAbort(io.live, stopping.signal).then(() => watch.run());
  return {
    facts: () => ({ files: watch.facts }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
