import { loadChannelTypes } from '../../channels/index.ts';
import type { App } from '../app.ts';
import type { Environment } from '../state/paths.ts';

/** Text with the commands to try next, for a user who has started the shipped rules. */
export async function tryIt(
  { listen, tokenFile }: Pick<App, 'listen' | 'tokenFile'>,
  env: Environment,
): Promise<string> {
  const availability = (await loadChannelTypes())
    .filter(({ unavailable }) => unavailable !== undefined)
    .map(({ type, unavailable }) => {
      const reason = unavailable!(env);
      return `${type.charAt(0).toUpperCase()}${type.slice(1)} notifications: ${reason === undefined ? 'available here' : `left out here: ${reason}`}\n`;
    });
  return `
Belfry runs on the rules in rules/. Try, from this folder in another terminal:

  echo hi > inbox/note.txt                     a file is noticed
  curl -d '{"text":"hello"}' -H 'content-type: application/json' http://${listen}/hooks/hello
  npx belfry emit backup.done text="all well"  posts an event
  npx belfry status                            shows the state of everything
  tail -f outbox/notifications.jsonl           shows what was sent

Edit rules/hello.yaml and save: it takes effect within a second.
WebSocket clients connect to ws://${listen}/v1/stream?user=you with the token in ${tokenFile}
${availability.join('')}
`;
}
