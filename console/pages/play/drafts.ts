import { effect, type Signal, signal } from '@preact/signals';

/** A text of the reader that lives as long as the browser tab. */
function draft(name: string, first: string): Signal<string> {
  const key = `belfry.play.${name}`;
  const text = signal(sessionStorage.getItem(key) ?? first);
  effect(() => sessionStorage.setItem(key, text.value));
  return text;
}

/** Text of a rules file. It is never written to one. */
export const rulesDraft = draft('rules', '');

/** JSON of an event. */
export const eventDraft = draft(
  'event',
  '{\n  "type": "disk.usage",\n  "data": { "host": "db-1", "percent": 97 }\n}\n',
);

/** The event of a text, or why it is none. */
export function eventOf(text: string): { readonly event: unknown } | { readonly error: string } {
  try {
    return { event: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** The text of a rule as a rules file. */
export function fileOf(rule: string): string {
  const text = rule.trimEnd();
  return `rules:\n${/^\s*-/.test(text) ? text : `- ${text.replaceAll('\n', '\n  ')}`}\n`;
}
