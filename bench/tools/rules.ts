import { EVENT_TYPE } from './events.ts';

export const webhookChannel = (name: string, url: string, concurrency = 16): string =>
  `  ${name}: { type: webhook, url: "${url}", delivery: { concurrency: ${concurrency} } }\n`;

export const ruleText = (name: string, type: string, channels: readonly string[]): string =>
  `  - { name: ${name}, match: { type: ${type} }, message: { title: "{{ id }}", body: "{{ data.note }}" }, notify: [${channels.join(', ')}] }\n`;

/** Rules files with `count` rules, the last of which matches the events of the bench and notifies the sink. */
export function rulesFiles(url: string, count = 10): Record<string, string> {
  const rules = Array.from({ length: count }, (_, index) =>
    ruleText(`r${index}`, index === count - 1 ? EVENT_TYPE : `type.t${index}`, ['sink']),
  );
  return {
    'channels.yaml': `channels:\n${webhookChannel('sink', url)}`,
    'rules.yaml': `rules:\n${rules.join('')}`,
  };
}

/** `settle` of the source; short, since the time after it is measured. */
export const SETTLE_MS = 50;

/** Rules that notify the sink of all changes below a folder. */
export const filesRules = (url: string, folder: string): Record<string, string> => ({
  'channels.yaml': `channels:\n${webhookChannel('sink', url)}`,
  'files.yaml': `sources:
  inbox: { type: files, paths: "${folder}/**/*.txt", settle: ${SETTLE_MS}ms }
rules:
  - { name: inbox, match: { source: inbox }, message: { title: "{{ subject }}", body: "{{ data.size }}" }, notify: [sink] }
`,
});
