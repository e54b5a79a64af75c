import { ownEventsPage } from '../core/event/own-events-page.ts';
import { schemas } from '../core/schema/generate.ts';
import { referencePages } from '../core/schema/reference/reference.ts';
import { limitsPage } from '../app/doctor/limits/page.ts';
import { doctorPage } from '../doctor/page.ts';
import type { Registry } from '../core/compile/registry.ts';

/** Files of the repository that are generated from the code: path -> text. */
export function generatedFiles(registry: Registry): Readonly<Record<string, string>> {
  const schemaFiles = Object.entries(schemas(registry)).map(([name, schema]) => [
    `schemas/${name}.schema.json`,
    `${JSON.stringify(schema, null, 2)}\n`,
  ]);
  const pages = Object.entries(referencePages(registry)).map(([name, text]) => [`docs/${name}`, text]);
  const own = [
    ['docs/doctor.md', doctorPage(registry)],
    ['docs/reference-limits.md', limitsPage()],
    ['docs/reference-events.md', ownEventsPage()],
  ];
  return Object.fromEntries([...schemaFiles, ...pages, ...own]) as Record<string, string>;
}
