import { EXIT } from '../../../core/problems/failure.ts';
import { schemas } from '../../../core/schema/generate.ts';
import { mendByName } from '../../../core/problems/suggest.ts';
import type { Registry } from '../../../core/compile/registry.ts';
import type { Terminal } from '../../render/terminal.ts';

export interface SchemaCommand {
  readonly name: string;
  readonly registry: Registry;
  readonly terminal: Pick<Terminal, 'stdout' | 'stderr'>;
}

/** `belfry schema NAME`: prints a JSON Schema; 2 when there is none of that name. */
export async function schemaCommand({ name, registry, terminal }: SchemaCommand): Promise<number> {
  const all = schemas(registry);
  const schema = all[name];
  if (schema === undefined) {
    terminal.stderr.write(
      `belfry: there is no schema \`${name}\`; ${mendByName(name, Object.keys(all), '', 'there are')}\n`,
    );
    return EXIT.usage;
  }
  terminal.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
  return EXIT.ok;
}
