import { type Draft, type Entry, SECTIONS, type Section, type Settings } from './draft.ts';

/** Characters of a secret that is checked; a placeholder stands for a longer one. */
const MAX_SECRET = 10_000;

/**
 * Removes the entries of a draft that would not load, and reports each with the first problem that `belfry check` finds in it. They
 * are compiled with the values of the secrets, so that a token of a wrong form is found here.
 */
export async function removeInvalid(draft: Draft): Promise<void> {
  const { registry } = await import('../registry.ts');
  const { toolsOf } = await import('../check-rules.ts');
  const { loadText } = await import('../../reload/load.ts');
  const { Scrubber } = await import('../../lib/secrets/scrubber.ts');
  const scrubber = new Scrubber();
  const secrets = [...draft.secrets].filter(([, value]) => value !== undefined && value.length <= MAX_SECRET);
  const deps = { env: Object.fromEntries(secrets), withoutSecrets: true, tools: toolsOf(registry), scrubber };
  const lines = SECTIONS.flatMap((section) => linesOf(section, draft.entries(section)));
  const { fragment } = await loadText({ file: 'import.yaml', text: lines.map(({ text }) => text).join('\n') }, deps);
  for (const [index, { section, entry }] of lines.entries()) {
    const problem = fragment.problems.find(({ line }) => line === index + 1);
    if (problem === undefined || entry === undefined) continue;
    draft.remove(section, entry.name);
    draft.skip(entry.place, scrubber.scrub(problem.message), scrubber.scrub(problem.mend));
  }
}

/** Line of a rules file in which each entry is one line. */
interface Line {
  readonly section: Section;
  /** Undefined for the name of the section. */
  readonly entry?: Entry;
  readonly text: string;
}

function linesOf(section: Section, entries: readonly Entry[]): readonly Line[] {
  if (entries.length === 0) return [];
  return [
    { section, text: `${section}:` },
    ...entries.map((entry) => ({ section, entry, text: `  ${textOf(section, entry)}` })),
  ];
}

function textOf(section: Section, { name, settings }: Entry): string {
  return section === 'rules'
    ? `- ${JSON.stringify({ name, ...(settings as Settings) })}`
    : `${JSON.stringify(name)}: ${JSON.stringify(settings)}`;
}
