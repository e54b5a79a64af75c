import { HOPS_VARIABLE, hopsAfter } from '../../core/event/hops.ts';
import { fail, ok } from '../../core/problems/doctor.ts';
import { type FailureClass, SendFailure } from '../../core/problems/failure.ts';
import type { Message } from '../../core/message/message.ts';
import { argument, path, sensitive, strict } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { Template } from '../../core/ruleset.ts';
import { type ChannelCheck, defineChannel, type SendIo, supports } from '../channel.ts';
import { programFault } from '../kit/executable.ts';
import { isFixed } from '../kit/fixed-text.ts';
import { notification, sendVariables } from '../kit/http/settings.ts';
import { basicEnvironment, type ProgramOutcome, runProgram } from '../kit/program.ts';
import { checkRecipients } from '../kit/recipients/names.ts';
import { cutToBytes } from '../kit/text/text.ts';

/** A single variable longer than this is refused by Linux (MAX_ARG_STRLEN, 128 KiB with the name). */
const MAX_VALUE_BYTES = 100_000;

const programCheck: ChannelCheck<{ readonly run: readonly Template[]; readonly cwd?: string }> = {
  name: 'command.program',
  about: 'The program of a `command` channel does not exist, or may not be executed by the user that runs Belfry.',
  mend: 'install it, give its full path, and make it executable (chmod +x) for the user that runs belfry',
  async run({ run, cwd = '.' }, machine) {
    const program = run[0]!;
    if (!isFixed(program)) return [ok('the program is a template, so it is known only when a message is sent')];
    const fault = await programFault(program.source, machine.env.PATH, cwd);
    if (fault === 'missing') return [fail(`the program ${program.source} does not exist`)];
    if (fault !== undefined) return [fail(`the program ${program.source} is not executable for this user`)];
    return [ok(`the program ${program.source} can be started`)];
  },
};

/** Runs a program for each message. */
export const command = defineChannel({
  type: 'command',
  summary: 'A program that gets the message on standard input as JSON and in its environment; no shell',
  documentation: 'https://man.openbsd.org/sysexits.3',
  setup: ['Write a program that reads the message as JSON from its standard input, and exits with 0.'],
  example: { run: ['/usr/local/bin/page', '{{ title }}'] },
  receipt: 'exit code, and the beginning of its output',
  settings: strict({
    run: Type.Array(
      argument({ description: 'The program, or one of its arguments; may be a template.', examples: ['{{ key }}'] }),
      {
        description: 'The program and its arguments. There is no shell: `$`, `;` and quotes have no special meaning.',
        examples: [
          ['/usr/local/bin/page-me', '--team', 'ops'],
          ['logger', '-t', 'belfry', '--', '{{ title }}'],
        ],
        minItems: 1,
      },
    ),
    env: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }),
        sensitive(Type.String({ description: 'Its value.', examples: ['${env:PAGER_TOKEN}'] })),
        {
          description:
            'Further environment variables of the program. It also gets PATH, HOME, LANG, TZ and the like, and no other variable of the daemon.',
          examples: [{ PAGER_TOKEN: '${env:PAGER_TOKEN}' }],
          additionalProperties: false,
        },
      ),
    ),
    cwd: Type.Optional(
      path({ description: 'The folder in which it runs.', examples: ['/var/lib/pager'], default: '.' }),
    ),
  }),
  limits: { timeout: '30s' },
  supports: supports({ kept: 'markdown html priority tags link fields to' }),
  idempotent: false,
  check: ({ env }) =>
    Object.entries(env ?? {})
      .filter(([, value]) => value.includes('\0'))
      .map(([name]) => ({
        pointer: `/env/${name}`,
        message: `the value of \`${name}\` has a NUL character, which no variable can hold`,
        mend: 'remove it',
      })),
  uses: ({ run }) => ({ runsProgram: true, ...(isFixed(run[0]!) && { program: run[0]!.source }) }),
  output: ({ run }) => ({ run: run.map(({ source }) => source) }),
  doctorChecks: [programCheck],
  open: ({ run, env, cwd }, tools) => ({
    async send(message, io) {
      const [file, ...args] = run.map((part) => rendered(part, message, io));
      checkRecipients(message.to, 'command.bad_recipient', /,/);
      const outcome = await runProgram({
        file: file!,
        args,
        env: {
          ...basicEnvironment(tools.env),
          ...messageVariables(message, io),
          ...env,
          [HOPS_VARIABLE]: String(hopsAfter(io.delivery)),
        },
        input: `${JSON.stringify({ ...notification(message, io.delivery), attempt: io.attempt })}\n`,
        signal: io.signal,
        clock: tools.clock,
        cwd: cwd!,
      });
      if (outcome.kind === 'ended' && outcome.exit === 0) return { status: 0, ...firstLine(outcome.stdout) };
      throw commandFailure(outcome);
    },
  }),
});

const withoutNul = (text: string): string => text.replaceAll('\0', '');

function rendered(part: Template, message: Message, { delivery }: SendIo): string {
  const { text, error } = part.render(sendVariables(message, delivery), withoutNul);
  if (error !== undefined) throw new SendFailure('permanent', 'command.template', `a template in run failed: ${error}`);
  // Literal arguments are not shortened: the system refuses them when they are too long.
  return text === part.source ? text : cutToBytes(withoutNul(text), MAX_VALUE_BYTES);
}

/** The message as environment variables, for scripts that do not parse JSON. */
function messageVariables(message: Message, { delivery, attempt }: SendIo): Record<string, string> {
  const { event } = delivery;
  const variables = {
    BELFRY_TITLE: message.title,
    BELFRY_BODY: message.body,
    BELFRY_FORMAT: message.format,
    BELFRY_PRIORITY: message.priority,
    BELFRY_TAGS: message.tags.join(','),
    BELFRY_LINK: message.link ?? '',
    BELFRY_TO: (message.to ?? []).join(','),
    BELFRY_RULE: delivery.rule,
    BELFRY_KEY: delivery.key,
    BELFRY_STATUS: delivery.status,
    BELFRY_CHANNEL: delivery.channel,
    BELFRY_DELIVERY_ID: delivery.id,
    BELFRY_ATTEMPT: String(attempt),
    BELFRY_EVENT_ID: event.id,
    BELFRY_EVENT_SOURCE: event.source,
    BELFRY_EVENT_TYPE: event.type,
    BELFRY_EVENT_SUBJECT: event.subject ?? '',
    BELFRY_EVENT_TIME: event.time,
  };
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, cutToBytes(withoutNul(value), MAX_VALUE_BYTES)]),
  );
}

function firstLine(stdout: string): { readonly answer?: string } {
  const line = stdout.trimStart().split('\n')[0]!.trim();
  return line === '' ? {} : { answer: line };
}

interface Row {
  readonly class: FailureClass;
  readonly message: string;
  readonly misconfigured?: boolean;
}

const passing = (message: string): Row => ({ class: 'transient', message });
const refusing = (message: string): Row => ({ class: 'permanent', message });
const blocked = (message: string): Row => ({ class: 'permanent', message, misconfigured: true });

/** Exit codes with a meaning: sysexits(3), and 126 and 127 as shells and `env` use them. All others are permanent. */
const EXITS: Readonly<Record<number, Row>> = {
  64: blocked('wrong usage (EX_USAGE): look at `run`'),
  69: passing('what it needs is not available (EX_UNAVAILABLE)'),
  71: passing('the system refused it something (EX_OSERR)'),
  74: passing('input or output failed (EX_IOERR)'),
  75: passing('it asks to be tried again later (EX_TEMPFAIL)'),
  77: blocked('it lacks a permission (EX_NOPERM)'),
  78: blocked('its configuration is wrong (EX_CONFIG)'),
  126: blocked('what it runs cannot be executed'),
  127: blocked('what it runs was not found'),
};

/** Reasons why a program could not be started. */
const STARTS: Readonly<Record<string, Row>> = {
  ABORTED: passing('the attempt ended before it was started'),
  ENOENT: blocked(
    'the program, or the folder in `cwd`, does not exist: give its full path, or put it on the PATH of the daemon',
  ),
  EACCES: blocked('it may not be executed: make it executable (chmod +x) for the user that runs belfry'),
  EPERM: blocked('it may not be executed by the user that runs belfry'),
  ENOEXEC: blocked('it is not a program: a script needs a first line such as #!/bin/sh'),
  ENOTDIR: blocked('`cwd`, or a part of the path, is not a folder'),
  E2BIG: refusing('its arguments are too long'),
};

function commandFailure(outcome: ProgramOutcome): SendFailure {
  if (outcome.kind === 'not_started') {
    const row = STARTS[outcome.code] ?? passing('it could not be started');
    return failure(row, `command.${outcome.code.toLowerCase()}`, 'the program did not run');
  }
  const body = outcome.stderr.trim() === '' ? {} : { body: outcome.stderr };
  if (outcome.kind === 'stopped') {
    const how = outcome.killed ? 'did not end on SIGTERM and was killed' : 'was stopped';
    const reason = `the time was over and the program ${how}; it may have done its work`;
    return new SendFailure('unknown', 'command.timeout', reason, body);
  }
  if (outcome.exit === undefined) {
    const reason = `the program was killed by ${outcome.signal}; it may have done its work`;
    return new SendFailure('unknown', 'command.killed', reason, body);
  }
  const row = EXITS[outcome.exit] ?? refusing('no exit code that asks for another try (75 does)');
  return failure(row, `command.exit_${outcome.exit}`, `the program ended with ${outcome.exit}`, {
    status: outcome.exit,
    ...body,
  });
}

function failure(row: Row, code: string, what: string, detail: { status?: number; body?: string } = {}): SendFailure {
  return new SendFailure(row.class, code, `${what}: ${row.message}`, {
    ...detail,
    ...(row.misconfigured === true && { misconfigured: true }),
  });
}
