import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline/promises';
import type { DoctorFinding } from '../../../core/problems/doctor.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import type { ChannelTestView, ChannelView, DoctorView, StatusView } from '../../../http/daemon-api.ts';
import type { Client } from '../../connection/client.ts';
import { type CommandContext, LONG_GRACE_MS, type Verb } from '../../context.ts';
import { daemonOptions } from '../../options.ts';
import { doctorText, testLine } from '../../render/doctor.ts';
import { styleOf } from '../../render/style.ts';
import { CommandError, type CommonOptions, jsonLine, line, painter, type Terminal } from '../../render/terminal.ts';

interface DoctorOptions extends CommonOptions {
  readonly send?: boolean;
  readonly verbose?: boolean;
}

export const verb: Verb = (program, context) => {
  daemonOptions(program.command('doctor'))
    .description('examine this machine, the rules, the channels and the daemon; name each fault with its mend')
    .option('--send', 'also send a test message by each channel, and ask whether it was seen')
    .option('-v, --verbose', 'also list the checks that found nothing')
    .action((options: DoctorOptions) => context.run(() => doctor(context, options), LONG_GRACE_MS));
};

/** Exit 0 unless a finding fails. */
async function doctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const { terminal } = context;
  const client = await context.access.client(options);
  const asked = await askDaemon(client, options);
  const { daemon } = asked;
  const findings: DoctorFinding[] = [...(await examined(context, asked, options))];
  if (!options.json) line(terminal, doctorText(findings, options.verbose === true, styleOf(terminal, options)));
  if (options.send === true) {
    if ('unreachable' in daemon)
      throw new CommandError(EXIT.unreachable, `--send needs a running daemon: ${daemon.unreachable}`);
    findings.push(...(await sendTests(terminal, client, options)));
  }
  const view: DoctorView = { ok: findings.every(({ level }) => level !== 'fail'), findings };
  if (options.json) jsonLine(terminal, view);
  return view.ok ? EXIT.ok : EXIT.failed;
}

/** Milliseconds that the daemon may be silent, so that the command ends within a minute. */
const STATUS_LIMIT_MS = 10_000;
const EXAMINE_LIMIT_MS = 40_000;

/** Answers of the daemon. */
interface Asked {
  readonly daemon: StatusView | { readonly unreachable: string };
  readonly findings: readonly DoctorFinding[];
}

/** Asks the daemon. One that does not answer, or answers with an error, is a fault that is examined, too; with `--url` it must answer. */
async function askDaemon(client: Client, { url }: DoctorOptions): Promise<Asked> {
  try {
    const daemon = await client.call<StatusView>('GET', '/v1/status', undefined, { limit: STATUS_LIMIT_MS });
    const { findings } = await client.call<DoctorView>('POST', '/v1/doctor', undefined, { limit: EXAMINE_LIMIT_MS });
    return { daemon, findings };
  } catch (error) {
    if (url !== undefined || !(error instanceof CommandError) || error.exit === EXIT.usage) throw error;
    return {
      daemon: { unreachable: error.message.replaceAll(/\n\s*/g, '; ').replace('Tried:; ', 'Tried: ') },
      findings: [],
    };
  }
}

/** Findings of the daemon, and those of this machine unless the daemon is at a URL. */
async function examined(
  { terminal, version, clock, config }: CommandContext,
  { daemon, findings: ofDaemon }: Asked,
  options: DoctorOptions,
): Promise<readonly DoctorFinding[]> {
  if (options.url !== undefined) return ofDaemon;
  const [{ commandDoctor }, { locateState }, { check }, { registry }] = await Promise.all([
    import('../../../app/doctor/command-doctor.ts'),
    import('../../connection/locate-state.ts'),
    import('../../check-rules.ts'),
    import('../../registry.ts'),
  ]);
  const rules = config(options);
  const { env, cwd } = terminal;
  const ofCaller = await commandDoctor({
    config: rules,
    paths: (await locateState({ config: rules, env, cwd, clock })).paths,
    terminal,
    clock,
    check: () =>
      check({ paths: [rules], env, cwd, registry, now: clock.now(), withoutSecrets: !('unreachable' in daemon) }),
    caller: { version, daemon },
  });
  return [...ofDaemon, ...ofCaller];
}

const TEST_MEND = 'correct the channel, then run `belfry channel test NAME`';

/** Sends a test message by each channel and asks at the terminal whether it was seen. */
async function sendTests(terminal: Terminal, client: Client, options: DoctorOptions): Promise<DoctorFinding[]> {
  const { channels } = await client.call<{ channels: readonly ChannelView[] }>('GET', '/v1/channels');
  const paint = painter(terminal);
  const found: DoctorFinding[] = [];
  const asks = terminal.stdin.isTTY === true && options.json !== true;
  const prompt = asks ? createInterface({ input: terminal.stdin, output: terminal.stdout }) : undefined;
  try {
    for (const { name } of channels.filter(({ state }) => state !== 'removed')) {
      const path = `/v1/channels/${encodeURIComponent(name)}`;
      const test = await client.call<ChannelTestView>('POST', `${path}/test`);
      if (!options.json) line(terminal, testLine(test, paint));
      const seen = test.ok && prompt !== undefined ? await wasSeen(prompt, terminal) : undefined;
      if (seen !== undefined) await client.call('POST', `${path}/seen`, { seen });
      found.push(testFinding(test, seen));
    }
  } finally {
    prompt?.close();
  }
  return found;
}

/** Answer of the person; undefined when it was skipped or the terminal was closed. */
async function wasSeen(prompt: Interface, terminal: Terminal): Promise<boolean | undefined> {
  const closed = once(prompt, 'close').then(() => 's');
  for (;;) {
    const question = prompt.question('  Did you see it? [y]es, [n]o, [s]kip: ', { signal: terminal.interrupted });
    const answer = await Promise.race([question.catch(() => 's'), closed]);
    const letter = answer.trim().toLowerCase()[0];
    if (letter === 's') return undefined;
    if (letter === 'y' || letter === 'n') return letter === 'y';
  }
}

function testFinding({ channel, ok, error }: ChannelTestView, seen: boolean | undefined): DoctorFinding {
  const check = 'channel.test';
  if (!ok)
    return {
      check,
      level: 'fail',
      message: `${channel}: ${error?.code ?? ''}: ${error?.message ?? ''}`,
      mend: TEST_MEND,
    };
  if (seen === false) return { check, level: 'fail', message: `${channel}: sent, and not seen`, mend: TEST_MEND };
  return { check, level: 'ok', message: `${channel}: ${seen === true ? 'seen by a person' : 'sent'}`, mend: '' };
}
