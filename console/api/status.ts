import { signal } from '@preact/signals';
import type { StatusView } from '../../daemon/http/views.ts';
import { get } from './client.ts';
import { activity, connection } from './feed.ts';

/** State of the daemon, for the numbers of the navigation and the first page. */
export const status = signal<StatusView | undefined>(undefined);

const EVERY_MS = 5_000;

/** Keeps `status` up to date until the returned function is called. */
export function followStatus(): () => void {
  let isReading = false;
  const read = (): void => {
    if (isReading) return;
    isReading = true;
    get<StatusView>('/v1/status')
      .then(
        (found) => {
          status.value = found;
        },
        // The connection says that the daemon does not answer; the old status stays.
        () => undefined,
      )
      .finally(() => {
        isReading = false;
      });
  };
  const stops = [activity.subscribe(read), connection.subscribe((now) => now === 'open' && read())];
  const timer = setInterval(read, EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const stop of stops) stop();
    status.value = undefined;
  };
}
