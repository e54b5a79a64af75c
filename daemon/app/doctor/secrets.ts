import { builtIn } from '../../channels/index.ts';
import type { CompileTools } from '../../core/compile/registry.ts';
import type { ExaminedSecret } from '../../doctor/check.ts';
import { sha256 } from '../../lib/sha256.ts';
import { listRulesFiles, readRulesFile } from '../../reload/files.ts';
import { loadFile, scopeOf } from '../../reload/load.ts';
import { lookUpAll, secretReferencesIn } from '../../reload/references.ts';
import { parseFile } from '../../reload/yaml/parse-file.ts';
import { sourceTypes } from '../../sources/index.ts';
import type { Environment } from '../state/paths.ts';

const TOOLS: CompileTools = { ...builtIn, sources: sourceTypes, fingerprint: sha256, tokenHash: sha256 };

/** Rules files, and every secret in them: the values of references, and secrets that are written in the rules. */
export async function secretsIn(
  config: string,
  env: Environment,
): Promise<{ readonly files: readonly string[]; readonly secrets: readonly ExaminedSecret[] }> {
  const { files } = await listRulesFiles(config);
  const secrets = await Promise.all(
    files.map(async (file) => [...(await referred(file, env)), ...(await written(file, env))]),
  );
  return { files, secrets: secrets.flat() };
}

async function referred(file: string, env: Environment): Promise<readonly ExaminedSecret[]> {
  const read = await readRulesFile(file);
  const parsed = read.ok ? await parseFile(read.text) : undefined;
  if (parsed?.ok !== true) return [];
  const found = await lookUpAll(secretReferencesIn(parsed.data), scopeOf(file, { env }));
  return [...found].flatMap(([body, lookup]) => {
    if ('isNone' in lookup) return [];
    // A default may be a secret, so it is not part of the name.
    const name = `\${${body.replace(/:-.*$/s, '')}}`;
    return [
      {
        file,
        name,
        isVariable: body.startsWith('env:'),
        ...('value' in lookup && { value: lookup.value }),
        ...(lookup.file !== undefined && { secretFile: lookup.file }),
      },
    ];
  });
}

/** Secret settings whose value stands in the file. */
async function written(file: string, env: Environment): Promise<readonly ExaminedSecret[]> {
  const { fragment } = await loadFile(file, { env, tools: TOOLS, scrubber: { add: () => undefined } });
  return fragment.secrets
    .filter(({ role, referenced }) => role === 'secret' && referenced !== true)
    .map(({ name, value }) => ({ file, name, value, isVariable: false }));
}
