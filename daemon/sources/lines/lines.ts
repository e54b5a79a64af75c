import type { FieldKind } from '../../core/event/shape.ts';
import { size, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { compileGlobs } from '../watching/globs.ts';
import { checkGlobs, instanceSetting, pathsSetting, watchedBy } from '../watching/settings.ts';
import { faultOfPattern, groupNames } from './pattern.ts';
import { LineWatch } from './watch.ts';
import { defineSource, type RunningSource, type SettingProblem, type SourceIo } from '../source.ts';
import { limits, MAX_LINE } from './limits.ts';

const settings = strict({
  paths: pathsSetting('/var/log/app/*.log', ['/var/log/syslog', '/var/log/nginx/**/error.log']),
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
        'Position at which reading begins in files that exist at the very first start. Later files are read from their start.',
      examples: ['start'],
      default: 'end',
    }),
  ),
  max_line: Type.Optional(
    size({
      description: 'Longer lines are cut to this many bytes and have `data.truncated`.',
      examples: ['8KiB'],
      default: '64KiB',
    }),
  ),
  instance: instanceSetting,
});

type Settings = Static<typeof settings>;

const MIN_LINE = 16;

/** Lines appended to files, such as logs. The position in the file is stored with the event of the line. */
export const lines = defineSource({
  type: 'lines',
  summary: 'New lines of files, such as logs.',
  settings,
  limits,
  events: ['line'],
  shapes: ({ match }) => [{ type: 'line', data: { ...groupsOf(match), ...LINE_FIELDS } }],
  check,
  uses: ({ paths }) => watchedBy(compileGlobs(paths, [])),
  // Whether a message fits `match` is not known.
  takes: ({ paths, match }, { file }) =>
    file !== undefined && match === undefined && compileGlobs(paths, []).matches(file)
      ? { type: 'line', data: { path: file } }
      : undefined,
  instance: ({ instance }) => instance,
  start: startLines,
});

const LINE_FIELDS = { line: 'text', path: 'text', number: 'number', truncated: 'boolean' } as const;

/** Fields of the named groups. Their values are text, also digits. */
function groupsOf(match: string | undefined): Readonly<Record<string, FieldKind>> {
  return Object.fromEntries(groupNames(match).map((name) => [name, 'text' as const]));
}

function check({ paths, match, max_line: maxLine }: Settings): readonly SettingProblem[] {
  const wrongMatch = match === undefined ? undefined : faultOfPattern(match);
  const isAllowed = maxLine === undefined || (maxLine >= MIN_LINE && maxLine <= MAX_LINE);
  const limits = { message: 'it is below 16B or above 512KiB', mend: 'use a size between the two' };
  return [
    ...checkGlobs('/paths', paths, 'write one like `/var/log/app/*.log`'),
    ...(wrongMatch === undefined ? [] : [{ pointer: '/match', ...wrongMatch }]),
    ...(isAllowed ? [] : [{ pointer: '/max_line', ...limits }]),
  ];
}

async function startLines({ paths, match, from, max_line: maxLine }: Settings, io: SourceIo): Promise<RunningSource> {
  const stopping = new AbortController();
  const watch = new LineWatch({ paths, match, from: from!, maxLine: maxLine! }, io, stopping.signal);
  // Scanned before this returns, so that every line written later is an event.
  const present = await watch.look();
  const running = watch.run(present);
  return {
    detail: () => watch.detail(),
    facts: () => ({ files: watch.facts }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
