import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import { reportedAlone } from '../../core/compile/lint/notify/own-channel.ts';
import { OWN_SOURCE } from '../../core/event/event.ts';
import { samplesOf } from '../../core/event/own-samples.ts';
import { select } from '../../core/flow/select.ts';
import type { LeveledProblem } from '../../core/problems/failure.ts';
import type { CompiledRule, Ruleset } from '../../core/ruleset.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import type { DoctorCheck } from '../check.ts';

const MAX_LISTED = 10;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Time without a match after which a rule is reported. */
const UNUSED_MS = 30 * DAY_MS;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Own events that a person must hear of. */
const IMPORTANT = [
  'belfry.channel.misconfigured',
  'belfry.channel.failing',
  'belfry.delivery.dead',
  'belfry.source.failing',
  'belfry.reload.rejected',
] as const;

export const ruleChecks: readonly DoctorCheck[] = [
  {
    name: 'rules.load',
    group: 'rules',
    about: 'The rules on disk do not load.',
    mend: 'run `belfry check`, which shows every problem with an excerpt',
    run: ({ problems, files }) => problemResults(problems, 'error', `${files.length} rules files load`),
  },
  {
    name: 'rules.warnings',
    group: 'rules',
    about: 'A setting of the rules is valid, but never has an effect.',
    mend: 'run `belfry check`, which shows every warning with an excerpt',
    run: ({ problems }) => problemResults(problems, 'warning', 'the rules have no warnings'),
  },
  {
    name: 'rules.applied',
    group: 'rules',
    about: 'The daemon runs older rules than those on disk.',
    mend: 'run `belfry reload`, which reports why they are not applied',
    run({ running }) {
      if (running === undefined) return [];
      const kept = running.status.files.filter(({ state }) => state === 'kept').map(({ path }) => path);
      if (kept.length > 0) return [fail(`the last good version is in force for ${kept.join(', ')}`)];
      return [running.isApplied ? ok('the rules on disk are in force') : warn('the rules on disk are not in force')];
    },
  },
  {
    name: 'rules.unused',
    group: 'rules',
    about: 'A rule has matched no event for 30 days, or for the whole history if that is shorter.',
    mend: 'run `belfry explain` with an event that it should match, or remove the rule; set `enabled: false` to keep it',
    run: ({ ruleset, running }, { clock }) =>
      ruleset === undefined || running === undefined ? [] : [unusedResult(ruleset, running.history, clock.now())],
  },
  {
    name: 'rules.own-events',
    group: 'rules',
    about: 'No rule notifies anybody of a dead channel, a dead delivery, a failing source or a rejected reload.',
    mend: `add the rule \`{ name: belfry-itself, on: belfry, match: { type: [${IMPORTANT.join(', ')}] }, notify: CHANNEL }\`, as \`belfry init\` writes it`,
    run: ({ ruleset }, { clock }) => (ruleset === undefined ? [] : [ownEventsResult(ruleset, clock.now())]),
  },
  {
    name: 'rules.own-channel',
    group: 'rules',
    about: 'The failure of a channel is reported by that channel only.',
    mend: 'name a second channel of another provider in the rule for `belfry.channel.failing` and `belfry.channel.misconfigured`, or give the channel a `delivery.fallback`',
    run: ({ ruleset }) => (ruleset === undefined ? [] : ownChannelResults(ruleset)),
  },
  {
    name: 'rules.writable-by-others',
    group: 'rules',
    about: 'Other users of this machine can edit the rules, which can run programs as the user of the daemon.',
    mend: 'run `chmod o-w` on it',
    run: async ({ config, files }) => {
      const folders = new Set([config, ...files.map((file) => path.dirname(file))]);
      const open: string[] = [];
      for (const file of [...folders, ...files]) {
        const found = await stat(file).catch(() => undefined);
        // In a folder with the sticky bit, such as /tmp, only the owner replaces a file.
        if (found !== undefined && (found.mode & OTHERS_WRITE) !== 0 && (found.mode & STICKY) === 0) open.push(file);
      }
      if (open.length === 0) return [ok('other users cannot edit the rules')];
      return open.map((file) => fail(`${file} can be edited by every user (o+w)`));
    },
  },
];

function problemResults(
  problems: readonly LeveledProblem[],
  level: LeveledProblem['level'],
  none: string,
): readonly DoctorResult[] {
  const found = problems.filter((problem) => problem.level === level);
  if (found.length === 0) return [ok(none)];
  const result = level === 'error' ? fail : warn;
  const shown = found
    .slice(0, MAX_LISTED)
    .map(({ file, line, column, message, mend }) =>
      result(`${file}:${line}:${column}: ${message}`, mend === '' ? undefined : mend),
    );
  const more = found.length - shown.length;
  return more > 0 ? [...shown, result(`${more} more like these`)] : shown;
}

function unusedResult(
  { rules, daemon }: Ruleset,
  { matched, since }: { readonly matched: ReadonlySet<string>; readonly since: number },
  now: number,
): DoctorResult {
  const needed = Math.min(UNUSED_MS, daemon.retention.events);
  // A tenth less, because the oldest events are deleted from time to time.
  if (now - since < needed * 0.9) return ok('the history is too short to find unused rules');
  // A rule for faults of the daemon itself is meant to be quiet.
  const isQuiet = (on: readonly string[] | undefined): boolean => on?.every((name) => name === OWN_SOURCE) === true;
  const unused = rules.filter(({ enabled, on, name }) => enabled && !isQuiet(on) && !matched.has(name));
  if (unused.length === 0) return ok('every rule has matched an event');
  const listed = unused
    .slice(0, MAX_LISTED)
    .map(({ name }) => name)
    .join(', ');
  const more = unused.length > MAX_LISTED ? ` and ${unused.length - MAX_LISTED} more` : '';
  return warn(`no event in the last ${formatDuration(needed)} matched: ${listed}${more}`);
}

function ownEventsResult(ruleset: Ruleset, now: number): DoctorResult {
  const silent = IMPORTANT.filter((type) => notifiedOf(type, ruleset, now).length === 0);
  if (silent.length === 0)
    return ok('a rule notifies of dead channels, dead deliveries, failing sources and rejected reloads');
  return warn(`no rule notifies of ${silent.join(', ')}`);
}

function ownChannelResults({ rules, channels }: Ruleset): readonly DoctorResult[] {
  const alone = reportedAlone(rules, [...channels.values()]);
  if (alone.length === 0) return [ok('no channel reports its own failure alone')];
  return alone.map(({ channel }) => warn(`the failure of the channel ${channel} is reported by ${channel} only`));
}

/** Channels that a rule notifies of an own event, for one of its forms at least. */
function notifiedOf(type: string, ruleset: Ruleset, now: number): readonly string[] {
  const channels = samplesOf(type, 'any', now).flatMap((event) =>
    select(event, ruleset, now).flatMap((found) => (found.kind === 'match' ? channelsOf(found.rule) : [])),
  );
  return [...new Set(channels)];
}

/** Every channel that a rule may notify. */
export function channelsOf({ notify, alert }: CompiledRule): readonly string[] {
  const later = alert?.escalate.flatMap((step) => step.notify) ?? [];
  return [...notify, ...later].map(({ channel }) => channel);
}
