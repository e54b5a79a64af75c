import { EXIT } from '../../../core/problems/failure.ts';
import { oneOf } from '../../../core/values/value-kind.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedOption } from '../../options.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

const SCOPES = ['read', 'ack', 'admin'] as const;

interface ConsoleOptions extends CommonOptions {
  readonly scope?: (typeof SCOPES)[number];
  readonly open?: boolean;
}

/** Scopes of the session. The pages need `read`, which `ack` does not include. */
const SESSION_SCOPES: Readonly<Record<(typeof SCOPES)[number], readonly string[]>> = {
  read: ['read'],
  ack: ['read', 'ack'],
  admin: ['admin'],
};

export const verb: Verb = (program, { terminal, clock, access, run }) => {
  daemonOptions(program.command('console'))
    .description('print an address that logs in to the web console; it works once, within a minute')
    .addOption(
      new TypedOption(
        '--scope <scope>',
        oneOf(SCOPES),
        'read: see everything; ack: also acknowledge and silence; admin: everything (default)',
      ),
    )
    .option('--open', 'open it in the browser of this machine')
    .action((options: ConsoleOptions) =>
      run(async () => openConsole({ terminal, clock, client: await access.client(options) }, options)),
    );
};

/** Answer of the daemon to a request for a ticket. */
interface TicketView {
  readonly ticket: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly url: string;
}

interface ConsoleDeps {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly client: Client;
}

async function openConsole({ terminal, clock, client }: ConsoleDeps, options: ConsoleOptions): Promise<number> {
  const issued = await client.call<TicketView>('POST', '/v1/console/tickets', {
    scope: SESSION_SCOPES[options.scope ?? 'admin'],
  });
  if (options.json) jsonLine(terminal, issued);
  else line(terminal, issued.url);
  if (options.open !== true) return EXIT.ok;
  const { openAddress } = await import('./open-address.ts');
  const fault = await openAddress(issued.url, { env: terminal.env, clock });
  if (fault === undefined) return EXIT.ok;
  throw new CommandError(EXIT.failed, `no browser was opened: ${fault}; open the address above yourself`);
}
