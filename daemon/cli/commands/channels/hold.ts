import { MAX_HOLD_MS } from '../../../core/delivery/hold.ts';
import { EXIT } from '../../../core/problems/failure.ts';
import { duration, NAME, PERSON, REASON } from '../../../core/values/value-kind.ts';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { styleOf } from '../../render/style.ts';
import { type CommonOptions, harmless, jsonLine, line, personOf, type Terminal } from '../../render/terminal.ts';

interface HoldOptions extends CommonOptions {
  /** Milliseconds. */
  readonly for?: number;
  readonly reason?: string;
  readonly by?: string;
}

export const verb: Verb = (program, { terminal, access, run }) => {
  daemonOptions(program.command('hold'))
    .description('hold a channel: its deliveries wait until it is released, or until the given time has passed')
    .addArgument(new TypedArgument('<channel>', NAME))
    .addOption(
      new TypedOption(
        '--for <duration>',
        duration({ min: 1, max: MAX_HOLD_MS }),
        'time after which the hold ends by itself',
      ),
    )
    .addOption(new TypedOption('--reason <text>', REASON, 'reason, which `status` and `channel list` show'))
    .addOption(new TypedOption('--by <name>', PERSON, 'name of the person who holds it (default: you)'))
    .action((channel: string, options: HoldOptions) =>
      run(async () => hold(terminal, await access.client(options), channel, options)),
    );
};

/** Answer of the daemon to a hold. */
interface HeldView {
  readonly channel: string;
  readonly held: true;
  readonly since: string;
  readonly until?: string;
}

/** Holds a channel; a restart does not change this. A second hold sets the end, the reason and the name anew. */
async function hold(terminal: Terminal, client: Client, name: string, options: HoldOptions): Promise<number> {
  const { for: ms, reason, json } = options;
  const by = personOf(terminal, options);
  const held = await client.call<HeldView>('POST', `/v1/channels/${encodeURIComponent(name)}/hold`, {
    ...(ms !== undefined && { for: formatDuration(ms) }),
    ...(reason !== undefined && { reason }),
    ...(by !== undefined && { by }),
  });
  const end =
    held.until === undefined ? 'until it is released' : `until ${styleOf(terminal, options).time(held.until)}`;
  if (json) jsonLine(terminal, held);
  else line(terminal, `${harmless(name)}: held ${end}; its deliveries wait`);
  return EXIT.ok;
}
