import type { LoadDeps } from '../../reload/load.ts';
import { type Draft, type Entry, SECTIONS, type Section } from './draft.ts';

/**
 * Removes the entries of a draft that would not load, and reports each with the first problem that `belfry check` finds in it. They
 * are compiled with the values of the secrets, so that a token of a wrong form is found here.
 */
export async function removeInvalid(draft: Draft): Promise<void> {
  const { registry } = await import('../registry.ts');
  const { toolsOf } = await import('../check-rules.ts');
  const { Scrubber } = await import('../../lib/secrets/scrubber.ts');
  const scrubber = new Scrubber();
  const deps = { env: Object.fromEntries(draft.secrets), withoutSecrets: true, tools: toolsOf(registry), scrubber };
  for (const section of SECTIONS)
    for (const entry of draft.entries(section)) {
      const problem = await problemOf(section, entry, deps);
      if (problem === undefined) continue;
      draft.remove(section, entry.name);
      draft.skip(entry.place, scrubber.scrub(problem.message), scrubber.scrub(problem.mend));
    }
}

/** First problem of an entry that is the only one of its file. Names of other entries are not looked up. */
async function problemOf(section: Section, { name, settings }: Entry, deps: LoadDeps) {
  const { loadText } = await import('../../reload/load.ts');
  const content = section === 'rules' ? [{ name, ...settings }] : { [name]: settings };
  const text = JSON.stringify({ [section]: content });
  return (await loadText({ file: 'import.yaml', text }, deps)).fragment.problems[0];
}
