import { EXIT } from '../../../core/problems/failure.ts';
import { NAME, PERSON } from '../../../core/values/value-kind.ts';
import type { Client } from '../../connection/client.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument, TypedOption } from '../../options.ts';
import { type CommonOptions, harmless, jsonLine, line, personOf, type Terminal } from '../../render/terminal.ts';

interface ReleaseOptions extends CommonOptions {
  readonly by?: string;
}

export const verb: Verb = (program, { terminal, access, run }) => {
  daemonOptions(program.command('release'))
    .description('release a held channel')
    .addArgument(new TypedArgument('<channel>', NAME))
    .addOption(new TypedOption('--by <name>', PERSON, 'name of the person who releases it (default: you)'))
    .action((channel: string, options: ReleaseOptions) =>
      run(async () => release(terminal, await access.client(options), channel, options)),
    );
};

/** Releases a channel that a person holds. Refused credentials still hold it. */
async function release(terminal: Terminal, client: Client, name: string, options: ReleaseOptions): Promise<number> {
  const by = personOf(terminal, options);
  const released = await client.call('POST', `/v1/channels/${encodeURIComponent(name)}/release`, {
    ...(by !== undefined && { by }),
  });
  if (options.json) jsonLine(terminal, released);
  else line(terminal, `${harmless(name)}: released`);
  return EXIT.ok;
}
