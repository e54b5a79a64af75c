import { EXIT } from '../../../core/problems/failure.ts';
import { oneOf } from '../../../core/values/value-kind.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument } from '../../options.ts';

const SCHEMAS = ['rules', 'tests', 'event', 'dead-letter'] as const;

export const verb: Verb = (program, { terminal, run }) => {
  program
    .command('schema')
    .description('print a JSON schema')
    .addArgument(new TypedArgument('<name>', oneOf(SCHEMAS), SCHEMAS.join(', ')))
    .action((name: (typeof SCHEMAS)[number]) =>
      run(async () => {
        const { schemas } = await import('../../../core/schema/generate.ts');
        const { loadRegistry } = await import('../../registry.ts');
        terminal.stdout.write(`${JSON.stringify(schemas(await loadRegistry())[name], null, 2)}\n`);
        return EXIT.ok;
      }),
    );
};
