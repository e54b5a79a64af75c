import { DEAD_CLASSES } from '../delivery/delivery.ts';
import type { LeveledProblem } from '../problems/failure.ts';
import type { JsonObject } from '../values/json.ts';
import { type Event, type EventInput, OWN_SOURCE } from './event.ts';
import { boolean, type DataOf, type Fields, list, number, oneOf, optional, text } from './own-fields.ts';
import type { EventShape } from './shape.ts';

interface OwnEvent<F extends Fields> {
  readonly type: string;
  /** Completes the sentence "raised when ...". */
  readonly when: string;
  /** Field of the data that is the subject of the event. */
  readonly subject?: string;
  /** The event reports a fault of the channel that is its subject. */
  readonly isChannelFault?: true;
  readonly data: F;
}

/** Raises the event with these data. Values that are undefined are left out. */
type Raise<F extends Fields> = ((data: DataOf<F>) => EventInput) & { readonly event: OwnEvent<F> };

function define<F extends Fields>(event: OwnEvent<F>): Raise<F> {
  const raise = (data: DataOf<F>): EventInput => {
    const known = Object.entries(data).filter(([, value]) => value !== undefined);
    const subject = event.subject === undefined ? undefined : (data as Readonly<Record<string, string>>)[event.subject];
    return {
      type: event.type,
      ...(subject !== undefined && { subject }),
      data: Object.fromEntries(known) as JsonObject,
    };
  };
  return Object.assign(raise, { event });
}

const generation = number('number of the rules in force', 12);
const problems = list<LeveledProblem>('each with `file`, `line`, `column`, `level`, `code`, `message`, `mend`', [
  {
    file: 'rules/ops.yaml',
    line: 7,
    column: 5,
    level: 'error',
    code: 'rule.unknown_channel',
    message: 'there is no channel `opps`',
    mend: 'did you mean `ops`?',
  },
]);
const parts = (about: string, example: string) => list<string>(about, [example]);
const channel = {
  channel: text('name of the channel', 'pager'),
  channel_type: text('type of the channel', 'wecom'),
};
const failure = {
  code: text('code of the failure', 'http.401'),
  message: text('what the provider answered', 'the token is refused'),
};
const event = {
  event: text('id of the event', '019ab3f2-6c1e-7a44-9d20-5be1c2f0a9d1'),
  event_type: text('type of the event', 'deploy.finished'),
};
const since = text('start of the failure, RFC 3339', '2026-11-23T09:12:00.000Z');
const mend = (example: string) => text('command that helps', example);

/** The daemon's own events (source `belfry`), for rules to use. */
export const ownEvents = {
  started: define({
    type: 'belfry.started',
    when: 'the daemon is ready after a start',
    data: {
      version: text('version of Belfry', '1.4.0'),
      generation,
      config: text('path of the rules', '/etc/belfry'),
      state: text('path of the state directory', '/var/lib/belfry'),
      pid: number('process id', 4711),
    },
  }),
  reloadApplied: define({
    type: 'belfry.reload.applied',
    when: 'a reload has put new rules into use, also if a file of them kept its last valid version, or has found that all files load again',
    data: {
      generation,
      added: parts('parts that are new', 'rule disk-full'),
      changed: parts('parts that have changed', 'channel pager'),
      removed: parts('parts that are gone', 'source inbox'),
      restart_needed: parts('settings that take effect after a restart', 'daemon.listen'),
      problems,
    },
  }),
  reloadRejected: define({
    type: 'belfry.reload.rejected',
    when: 'a reload has changed nothing because of errors, or a start has found rules that do not load and uses the last good ones',
    data: { generation, at_start: boolean('true: found by a start', false), problems },
  }),
  deliveryDead: define({
    type: 'belfry.delivery.dead',
    when: 'a delivery has ended undelivered and has become a dead letter',
    subject: 'channel',
    isChannelFault: true,
    data: {
      delivery: text('id of the delivery and of its dead letter', '019ab3f2-7d10-7b01-8c3e-6a1f00b2c4d5'),
      ...channel,
      rule: text('name of the rule', 'failed-deploy'),
      key: text('key of the rule', 'acme/api'),
      class: oneOf(DEAD_CLASSES, 'why it ended', 'permanent'),
      ...failure,
      attempts: number('attempts that were made', 1),
      since: text('time at which the delivery was made, RFC 3339', '2026-11-23T09:12:00.000Z'),
      title: text('title of the message', 'Deploy failed: acme/api'),
      ...event,
      fallback: optional(text('channel that gets the message instead', 'mail')),
      mend: mend('belfry dead resend 019ab3f2-7d10-7b01-8c3e-6a1f00b2c4d5'),
    },
  }),
  channelMisconfigured: define({
    type: 'belfry.channel.misconfigured',
    when: 'a provider has refused the credentials or the configuration of a channel; its deliveries are held from then on',
    subject: 'channel',
    isChannelFault: true,
    data: {
      ...channel,
      ...failure,
      since,
      held: number('deliveries that wait', 3),
      mend: mend('belfry channel test pager'),
    },
  }),
  channelFailing: define({
    type: 'belfry.channel.failing',
    when: 'a channel keeps failing; its deliveries wait while one of them probes',
    subject: 'channel',
    isChannelFault: true,
    data: {
      ...channel,
      ...failure,
      since,
      pending: number('deliveries that wait', 3),
      mend: mend('belfry channel test pager'),
    },
  }),
  channelRecovered: define({
    type: 'belfry.channel.recovered',
    when: 'a channel about which one of the two events above was raised has delivered again, also after a restart or an edit of its settings',
    subject: 'channel',
    data: {
      ...channel,
      after: oneOf(['failing', 'misconfigured'], 'what it was', 'failing'),
      since,
      down_for: number('milliseconds since then', 840_000),
      pending: number('deliveries that waited and are sent now', 3),
    },
  }),
  canary: define({
    type: 'belfry.channel.canary',
    when: 'a canary is sent through a channel (`canary` of the channel); only rules with `on: belfry` get it',
    subject: 'channel',
    data: { ...channel, within: number('milliseconds in which it must be delivered', 900_000) },
  }),
  canaryMissed: define({
    type: 'belfry.channel.canary_missed',
    when: 'a canary was not delivered in time, or has ended undelivered; once until one is confirmed',
    subject: 'channel',
    isChannelFault: true,
    data: {
      ...channel,
      delivery: text('id of the delivery of the canary', '019ab3f2-7d10-7b01-8c3e-6a1f00b2c4d5'),
      reason: text('why it is missed', 'it was not delivered within 15m'),
      since: text('time at which the canary was sent, RFC 3339', '2026-11-23T09:12:00.000Z'),
      mend: mend('belfry channel test pager'),
    },
  }),
  canaryRecovered: define({
    type: 'belfry.channel.canary_recovered',
    when: 'a channel that missed a canary has delivered one, or another message',
    subject: 'channel',
    data: {
      ...channel,
      since: text('time at which the canary that was missed was sent, RFC 3339', '2026-11-23T09:12:00.000Z'),
    },
  }),
  channelTested: define({
    type: 'belfry.channel.tested',
    when: 'a person has tested a channel (`belfry channel test`); no step of a rule, such as `dedupe`, counts the message',
    subject: 'channel',
    data: {
      ...channel,
      ok: boolean('the provider has accepted the message', true),
      rule: optional(text('rule whose message was sent', 'disk-full')),
      event: optional(text('id of the event from which it was made', '019ab3f2-6c1e-7a44-9d20-5be1c2f0a9d1')),
      title: optional(text('title of the message', 'Disk nearly full: db1')),
      code: optional(failure.code),
      message: optional(failure.message),
    },
  }),
  ruleError: define({
    type: 'belfry.rule.error',
    when: 'a condition, a template or a key of a rule has failed for an event, or the loop guard has stopped an event that it matches; at most once a minute for each rule, loops counted apart',
    subject: 'rule',
    data: {
      rule: text('name of the rule', 'disk-full'),
      reason: text('the errors', 'no such key: percent'),
      key: optional(text('key of the rule', 'db1')),
      ...event,
      more: number('errors of this rule since the event before, about which none was raised', 0),
      mend: mend('belfry explain 019ab3f2-6c1e-7a44-9d20-5be1c2f0a9d1'),
    },
  }),
  sourceFailing: define({
    type: 'belfry.source.failing',
    when: 'a source cannot do its work, or cannot for another reason than before; it continues by itself',
    subject: 'source',
    data: {
      source: text('name of the source', 'inbox'),
      type: text('type of the source', 'files'),
      reason: text('what is wrong', '/srv/inbox: permission denied'),
      since,
    },
  }),
} as const;

/** All events in the order of the documentation. */
export const OWN_EVENTS: readonly OwnEvent<Fields>[] = Object.values(ownEvents).map((raise) => raise.event);

/** Types of events about a fault of a channel. */
export const CHANNEL_FAULTS: readonly string[] = OWN_EVENTS.filter((event) => event.isChannelFault === true).map(
  ({ type }) => type,
);

/** Whether an event reports a fault of this channel, which therefore may not deliver the report. */
export function isFaultOf(channel: string, { source, type, subject }: Event): boolean {
  return source === OWN_SOURCE && subject === channel && CHANNEL_FAULTS.includes(type);
}

/** Fields of each event above; `belfry check` warns of rules that use others. */
export const OWN_SHAPES: readonly EventShape[] = OWN_EVENTS.map(({ type, data }) => ({
  type,
  data: Object.fromEntries(Object.entries(data).map(([name, { kind }]) => [name, kind])),
}));
