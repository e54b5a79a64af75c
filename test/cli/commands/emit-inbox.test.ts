import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { statePaths } from '../../../daemon/app/state/paths.ts';
import { openClient } from '../../../daemon/cli/connection/client.ts';
import { emit } from '../../../daemon/cli/commands/events/emit.ts';
import { CommandError } from '../../../daemon/cli/render/terminal.ts';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { openTestListener } from '../../support/listener.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { testTerminal, written } from '../../support/command-line.ts';

/** Emits an event while only the `found`th search finds the daemon. */
async function emitWhen(found: number) {
  const state = path.join(await temporaryFolder(), 'state');
  const paths = statePaths({ state }, {}, '/');
  const { socket, daemon } = await openTestListener();
  let looked = 0;
  const client = openClient(
    {},
    async () => {
      looked += 1;
      if (looked < found) throw new CommandError(69, 'the daemon cannot be reached');
      return socket;
    },
    { clock: systemClock, print: () => undefined },
  );
  onTestFinished(() => client.close());
  const terminal = testTerminal({ env: {} });
  const code = await emit(
    { terminal, clock: systemClock, client, config: '/rules', inbox: async () => paths },
    'disk.full',
    [],
    {
      id: 'e-1',
    },
  );
  const kept = await readdir(paths.inbox).catch(() => undefined);
  return { code, kept, posted: daemon.calls, said: written(terminal.stderr) };
}

test('an event left in the inbox while the daemon started is posted and removed from the inbox', async () => {
  expect(await emitWhen(2)).toMatchObject({ code: 0, kept: [], said: '' });
});

test('an event stays in the inbox while there is no daemon', async () => {
  const { code, kept, posted, said } = await emitWhen(10);
  expect({ code, kept, posted }).toEqual({ code: 0, kept: ['e-1.json'], posted: [] });
  expect(said).toContain('waits in');
});

test('nothing is left in the inbox of a daemon that answers', async () => {
  expect(await emitWhen(1)).toMatchObject({ code: 0, kept: undefined, said: '' });
});
