import { desktopTrouble } from '../channels/local/desktop/desktop.ts';
import type { App } from './app.ts';
import type { Environment } from './paths.ts';

/** What a person who started the shipped rules can paste next. */
export function tryIt({ listen, tokenFile }: Pick<App, 'listen' | 'tokenFile'>, env: Environment): string {
  const trouble = desktopTrouble(env);
  return `
Belfry runs on the rules in rules/. Try, from this folder in another terminal:

  echo hi > inbox/note.txt                     a file is noticed
  curl -d '{"text":"hello"}' -H 'content-type: application/json' http://${listen}/hooks/hello
  npx belfry emit backup.done text="all well"  an event of your own
  npx belfry status                            how everything is
  tail -f outbox/notifications.jsonl           what was sent

Edit rules/hello.yaml and save: it takes effect within a second.
WebSocket clients connect to ws://${listen}/v1/stream?user=you with the token in ${tokenFile}
Desktop notifications: ${trouble === undefined ? 'shown on this desktop' : `left out here: ${trouble}`}

`;
}
