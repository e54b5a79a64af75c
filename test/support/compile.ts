import { compileFile, type Fragment } from '../../daemon/core/compile/compile.ts';
import type { Problem } from '../../daemon/core/problems/failure.ts';
import { link } from '../../daemon/core/compile/link.ts';
import type { Ruleset } from '../../daemon/core/ruleset.ts';
import { Lines, locate, rangeOf } from '../../daemon/reload/text/locate.ts';
import { parseYaml } from '../../daemon/reload/yaml/parse.ts';
import { tools } from './rule-types.ts';

/** Compiles rules from a YAML text. */
export function compileText(text: string, file = 'rules.yaml', referenced: readonly string[] = []): Fragment {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(`not YAML: ${JSON.stringify(parsed.issues)}`);
  const lines = new Lines(text);
  return compileFile(
    {
      file,
      data: parsed.data,
      referenced: (pointer) => referenced.includes(pointer),
      locate: (pointer, at, offset) => locate(text, lines, rangeOf(parsed.ranges, pointer), at, offset),
    },
    tools,
  );
}

/** All problems of some files, including those between files. */
export function problemsOf(...texts: readonly string[]): Problem[] {
  const fragments = texts.map((text, index) =>
    compileText(text, texts.length === 1 ? 'rules.yaml' : `${String.fromCharCode(97 + index)}.yaml`),
  );
  const linked = link(fragments, tools);
  return [...fragments.flatMap(({ problems }) => problems), ...(linked.ok ? [] : linked.problems)];
}

export function rulesetOf(...texts: readonly string[]): Ruleset {
  const linked = link(
    texts.map((text, index) => compileText(text, `${index}.yaml`)),
    tools,
  );
  if (!linked.ok) throw new Error(JSON.stringify([problemsOf(...texts), linked.problems]));
  return linked.ruleset;
}

/** `line:column code` of each problem, for comparing many at once. */
export function placesOf(problems: readonly Problem[]): string[] {
  return problems.map(({ line, column, code }) => `${line}:${column} ${code}`);
}
