import { EXIT } from '../../../core/problems/failure.ts';
import { mendByName } from '../../../core/problems/suggest.ts';
import { NAME } from '../../../core/values/value-kind.ts';
import type { Verb } from '../../context.ts';
import { TypedArgument } from '../../options.ts';
import { typeDetails, typeTable, typeView } from '../../render/channel-types.ts';
import { CommandError, type CommonOptions, harmless, jsonLine, line, type Terminal } from '../../render/terminal.ts';

export const declareTypes: Verb = (channel, { terminal, run }) => {
  channel
    .command('types')
    .description('describe the channel types: parts of a message, limits, receipt, how to get the key, an example')
    .addArgument(new TypedArgument('[type]', NAME, 'only this type, with its settings'))
    .action((type: string | undefined, options: CommonOptions) => run(() => showTypes(terminal, type, options)));
};

async function showTypes(terminal: Terminal, only: string | undefined, options: CommonOptions): Promise<number> {
  const { loadRegistry } = await import('../../registry.ts');
  const { families } = await loadRegistry();
  const all = families.flatMap(({ name, types }) => types.map((type) => ({ family: name, type })));
  const found = only === undefined ? all : all.filter(({ type }) => type.type === only);
  if (only !== undefined && found.length === 0) {
    const known = all.map(({ type }) => type.type);
    const mend = mendByName(only, known, 'this build has no types', 'there are');
    throw new CommandError(EXIT.nothing, `there is no channel type ${harmless(only)}; ${mend}`);
  }
  if (options.json) for (const { family, type } of found) jsonLine(terminal, typeView(family, type));
  else if (only === undefined) line(terminal, typeTable(families));
  else for (const { type } of found) line(terminal, typeDetails(type));
  return EXIT.ok;
}
