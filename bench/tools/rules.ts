import { EVENT_TYPE } from './events.ts';

/** A file is cut before it reaches the size that the daemon refuses. */
const MOST_IN_A_FILE = 5000;

export const webhookChannel = (name: string, url: string, concurrency = 16): string =>
  `  ${name}: { type: webhook, url: "${url}", delivery: { concurrency: ${concurrency} } }\n`;

export const ruleText = (name: string, type: string, channels: readonly string[]): string =>
  `  - { name: ${name}, match: { type: ${type} }, message: { title: "{{ id }}", body: "{{ data.note }}" }, notify: [${channels.join(', ')}] }\n`;

/** Rules files with `count` rules, the last of which matches the events of the bench and notifies the sink. */
export function rulesFiles(url: string, count = 10): Record<string, string> {
  const rules = Array.from({ length: count }, (_, index) =>
    ruleText(`r${index}`, index === count - 1 ? EVENT_TYPE : `type.t${index}`, ['sink']),
  );
  const files: Record<string, string> = { 'channels.yaml': `channels:\n${webhookChannel('sink', url)}` };
  for (let from = 0; from < count; from += MOST_IN_A_FILE) {
    files[`rules-${from}.yaml`] = `rules:\n${rules.slice(from, from + MOST_IN_A_FILE).join('')}`;
  }
  return files;
}
