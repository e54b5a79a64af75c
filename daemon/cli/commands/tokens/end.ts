import { EXIT } from '../../../core/problems/failure.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { Verb } from '../../context.ts';
import { daemonOptions, TypedArgument } from '../../options.ts';
import { type CommonOptions, jsonLine, line } from '../../render/terminal.ts';

export const declareEnd: Verb = (token, { terminal, access, run }) => {
  daemonOptions(token.command('end'))
    .description('end a session of the web console')
    .addArgument(new TypedArgument('<session>', NAME, 'id of a session, as `belfry token list` shows it'))
    .action((id: string, options: CommonOptions) =>
      run(async () => {
        const client = await access.client(options);
        await client.call('DELETE', `/v1/sessions/${encodeURIComponent(id)}`);
        if (options.json) jsonLine(terminal, { id, ended: true });
        else line(terminal, `${id}  ended`);
        return EXIT.ok;
      }),
    );
};
