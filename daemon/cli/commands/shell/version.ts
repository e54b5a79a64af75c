import { EXIT } from '../../../core/problems/failure.ts';
import type { Verb } from '../../context.ts';
import { type CommonOptions, jsonLine, line } from '../../render/terminal.ts';

export const verb: Verb = (program, { terminal, version, run }) => {
  program
    .command('version')
    .description('print the version')
    .action((options: CommonOptions) =>
      run(async () => {
        if (options.json) jsonLine(terminal, { version });
        else line(terminal, version);
        return EXIT.ok;
      }),
    );
};
