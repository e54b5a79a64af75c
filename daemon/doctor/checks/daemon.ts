import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import type { StatusView } from '../../http/daemon-api.ts';
import type { DoctorCheck, Examined, RunningFacts } from '../check.ts';
import { socketAccess } from './state.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Age after which the answer of a person to a test message is no proof any more. */
const OLD_ANSWER_MS = 90 * DAY_MS;

/** Check that applies only in a running daemon. */
const inDaemon =
  (results: (running: RunningFacts, now: number) => readonly DoctorResult[]): DoctorCheck['run'] =>
  ({ running }, { clock }) =>
    running === undefined ? [] : results(running, clock.now());

export const daemonChecks: readonly DoctorCheck[] = [
  {
    name: 'daemon.running',
    group: 'daemon',
    where: 'caller',
    about: 'No daemon runs on these rules, the caller cannot reach it, or it does not answer.',
    mend: 'start it, or restart it if it does not answer (systemctl restart belfry, or belfry run); `belfry service install` makes it a service',
    async run(examined, machine) {
      if (examined.caller === undefined) return [];
      const { daemon } = examined.caller;
      if (!('unreachable' in daemon)) return [ok(`the daemon runs (pid ${daemon.pid})`)];
      // `socket.access` reports a socket that is closed to this user.
      const isClosed = (await socketAccess(examined, machine)).some(({ level }) => level === 'fail');
      return isClosed ? [] : [fail(daemon.unreachable)];
    },
  },
  {
    name: 'daemon.version',
    group: 'daemon',
    where: 'caller',
    about: 'The running daemon has another version than the installed program.',
    mend: 'restart the daemon (systemctl restart belfry)',
    run({ caller }) {
      if (caller === undefined || 'unreachable' in caller.daemon) return [];
      const { version } = caller.daemon;
      const text = `the daemon has the version ${version}, and this program ${caller.version}`;
      return [version === caller.version ? ok(`the daemon has the version ${version}`) : warn(text)];
    },
  },
  {
    name: 'daemon.single',
    group: 'daemon',
    about: 'Two daemons run on one rules directory, so that each rule notifies twice.',
    mend: 'stop one of them: look for a system service, a user service and a terminal',
    run: (examined) => [singleResult(examined)],
  },
  {
    name: 'daemon.ready',
    group: 'daemon',
    about: 'The daemon accepts no events.',
    mend: 'look at the reason and at the log; a full disk recovers by itself when there is room',
    run: inDaemon(({ status }) => [
      status.ready ? ok('the daemon accepts events') : fail(status.reasons[0] ?? 'the daemon is not ready'),
    ]),
  },
  {
    name: 'channels.working',
    group: 'daemon',
    about: 'A channel refuses its credentials, fails or is held, so that its deliveries wait.',
    mend: 'correct its settings and run `belfry channel test NAME`; a held channel goes on after `belfry release NAME`',
    run: inDaemon(({ status }) => channelResults(status)),
  },
  {
    name: 'channels.seen',
    group: 'daemon',
    about: 'A person has not seen the last test message of a channel.',
    mend: 'correct the channel, and run `belfry doctor --send` again',
    run: inDaemon(seenResults),
  },
  {
    name: 'sources.working',
    group: 'daemon',
    about: 'A source fails, so that its events are missing.',
    mend: 'correct the cause that it names; the source recovers by itself',
    run: inDaemon(({ status }) => {
      const failing = status.sources.filter(({ state }) => state !== 'running');
      if (failing.length === 0) return [ok('all sources work')];
      return failing.map(({ name, reason }) => fail(`the source ${name} fails: ${reason ?? 'unknown reason'}`));
    }),
  },
  {
    name: 'dead-letters.waiting',
    group: 'daemon',
    about: 'Dead letters wait for a person.',
    mend: 'look at them with `belfry dead list`; then `belfry dead resend` or `belfry dead drop`',
    run: inDaemon(({ status }) => {
      const { dead } = status.deliveries;
      return [dead === 0 ? ok('there are no dead letters') : warn(`${dead} dead letters wait`)];
    }),
  },
];

function singleResult({ daemons, config, running, ruleset }: Examined): DoctorResult {
  // Instances may have the same rules directory; two of one name are refused at the start.
  if (ruleset?.daemon.store.type === 'postgres') return ok('instances on one store may have the same rules');
  const same = new Map(daemons.filter((daemon) => daemon.config === config).map((daemon) => [daemon.pid, daemon]));
  if (running !== undefined && !same.has(running.status.pid))
    same.set(running.status.pid, { pid: running.status.pid, config, from: 'this daemon' });
  if (same.size < 2) return ok('no second daemon runs on these rules');
  const listed = [...same.values()].map(({ pid, from }) => `pid ${pid} (${from})`).join(', ');
  return fail(`${same.size} daemons run on ${config}: ${listed}`);
}

function channelResults({ channels }: StatusView): readonly DoctorResult[] {
  const found = channels
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state, reason, pending, held }) => {
      const waiting = pending + held > 0 ? `; ${pending + held} deliveries wait` : '';
      const text = `the channel ${name} is ${state}${reason === undefined ? '' : `: ${reason}`}${waiting}`;
      return state === 'paused' ? warn(text, `run \`belfry release ${name}\` when it may send again`) : fail(text);
    });
  return found.length === 0 ? [ok('all channels work')] : found;
}

function seenResults({ status, seen }: RunningFacts, now: number): readonly DoctorResult[] {
  const answers = status.channels.flatMap(({ name }) => {
    const answer = seen.get(name);
    return answer === undefined ? [] : [{ name, ...answer }];
  });
  if (answers.length === 0) return [ok('no person has confirmed a test message yet (belfry doctor --send)')];
  return answers.map(({ name, seen: wasSeen, at }) => {
    if (!wasSeen) return fail(`the test message of ${name} was not seen by a person at ${at}`);
    const age = now - Date.parse(at);
    const text = `the test message of ${name} was last seen by a person at ${at}`;
    if (age <= OLD_ANSWER_MS) return ok(text);
    return warn(`${text}, more than ${formatDuration(OLD_ANSWER_MS)} ago`, 'run `belfry doctor --send` again');
  });
}
