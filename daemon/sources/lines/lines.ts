import type { FieldKind } from '../../core/event/shape.ts';
import { glob, oneOrMany, size, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { faultOf } from '../watching/globs.ts';
import { faultOfPattern, groupNames } from './pattern.ts';
import { LineWatch } from './watch.ts';
import { defineSource, type RunningSource, type SettingProblem, type SourceIo } from '../source.ts';

const settings = strict({
  paths: oneOrMany(glob(), {
    description: 'Which files, as globs; without a wildcard a file, or all in a folder. `~` is the home.',
    examples: ['/var/log/app/*.log', ['/var/log/syslog', '/var/log/nginx/**/error.log']],
  }),
  match: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'RE2 expression that a line must contain; its named groups become fields of `data`. Otherwise every line is an event.',
      examples: ['(?P<level>ERROR|FATAL) (?P<message>.*)'],
    }),
  ),
  from: Type.Optional(
    Type.Unsafe<'end' | 'start'>({
      type: 'string',
      enum: ['end', 'start'],
      description:
        'Where to begin in files that are there at the very first start. One of `end`, `start`. Later ones are read from their start.',
      examples: ['start'],
      default: 'end',
    }),
  ),
  max_line: Type.Optional(
    size({
      description: 'Longer lines are cut to this many bytes, and have `data.truncated`.',
      examples: ['8KiB'],
      default: '64KiB',
    }),
  ),
});

type Settings = Static<typeof settings>;

const SHORTEST_LINE = 16;
const LONGEST_LINE = 512 * 1024;

/** Lines that are written to files, such as logs. How far each file was read is stored with the event of the line. */
export const lines = defineSource({
  type: 'lines',
  summary: 'New lines of files, such as logs.',
  settings,
  events: ['line'],
  shapes: ({ match }) => [{ type: 'line', data: { ...groupsOf(match), ...LINE_FIELDS } }],
  check,
  start: startLines,
});

const LINE_FIELDS = { line: 'text', path: 'text', number: 'number', truncated: 'boolean' } as const;

/** Values of named groups are text, digits too. */
function groupsOf(match: string | undefined): Readonly<Record<string, FieldKind>> {
  return Object.fromEntries(groupNames(match).map((name) => [name, 'text' as const]));
}

function check({ paths, match, max_line: maxLine }: Settings): readonly SettingProblem[] {
  const wrongPaths = paths.flatMap((glob, index) => {
    const message = faultOf(glob);
    const pointer = paths.length === 1 ? '/paths' : `/paths/${index}`;
    return message === undefined ? [] : [{ pointer, message, mend: 'write one like `/var/log/app/*.log`' }];
  });
  const wrongMatch = match === undefined ? undefined : faultOfPattern(match);
  const isFitting = maxLine === undefined || (maxLine >= SHORTEST_LINE && maxLine <= LONGEST_LINE);
  const limits = { message: 'it is below 16B or above 512KiB', mend: 'use a size between the two' };
  return [
    ...wrongPaths,
    ...(wrongMatch === undefined ? [] : [{ pointer: '/match', ...wrongMatch }]),
    ...(isFitting ? [] : [{ pointer: '/max_line', ...limits }]),
  ];
}

async function startLines({ paths, match, from, max_line: maxLine }: Settings, io: SourceIo): Promise<RunningSource> {
  const stopping = new AbortController();
  const watch = new LineWatch({ paths, match, from: from!, maxLine: maxLine! }, io, stopping.signal);
  // Looked at before this returns: what is written after it is news.
  const present = await watch.look();
  const running = watch.run(present);
  return {
    detail: () => watch.detail(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
