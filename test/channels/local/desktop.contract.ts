import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { desktop } from '../../../daemon/channels/local/desktop/desktop.ts';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { type Desktop, missingPackages, openDesktop } from '../../support/desktop.ts';
import type { ChannelContract } from '../contract.ts';

/** Environments in which nothing can be shown. */
const OBSTACLES = {
  'no session': () => ({ DBUS_SESSION_BUS_ADDRESS: undefined }),
  'closed bus': (folder: string) => ({ DBUS_SESSION_BUS_ADDRESS: `unix:path=${path.join(folder, 'gone')}` }),
  'no program': (folder: string) => ({ PATH: folder }),
};

const missing = missingPackages();
let opening: Promise<Desktop> | undefined;

/** One desktop for all tests of the contract, since a screen takes a second to start. */
const openedScreen = (): Promise<Desktop> => (opening ??= openDesktop());

export const contract: ChannelContract<keyof typeof OBSTACLES> = {
  type: desktop,
  secrets: [],
  ...(missing.length > 0 && { unavailable: `install the Debian packages ${missing.join(' ')}` }),
  async openDestination() {
    const screen = await openedScreen();
    const folder = await mkdtemp(path.join(tmpdir(), 'belfry-bus-'));
    const silent = await silentBus(path.join(folder, 'bus'));
    const before = (await screen.shown()).length;
    const env: Record<string, string | undefined> = { ...screen.env, XDG_RUNTIME_DIR: path.join(folder, 'none') };
    const buses = {
      success: screen.env.DBUS_SESSION_BUS_ADDRESS,
      refusal: undefined,
      rateLimited: undefined,
      serverError: screen.emptyBus,
      hang: silent.address,
    };
    return {
      settings: {},
      tools: { env, clock: systemClock },
      respondWith: (kind) => void (env.DBUS_SESSION_BUS_ADDRESS = buses[kind]),
      refuseWith: (obstacle) => void Object.assign(env, OBSTACLES[obstacle](folder)),
      received: async () => (await screen.shown()).slice(before).map(({ title, body }) => `${title}\n${body}`),
      arrived: () => silent.connected,
      async close() {
        await silent.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  release: async () => await (await opening)?.close(),
  refusals: [
    {
      when: 'there is no session bus for this user',
      answer: 'no session',
      class: 'permanent',
      code: 'desktop.no_session',
      misconfigured: true,
      mend: 'run Belfry as a user service',
    },
    {
      when: 'the session has ended',
      answer: 'closed bus',
      class: 'permanent',
      code: 'desktop.no_session',
      misconfigured: true,
      mend: 'restart Belfry in the new session',
    },
    {
      when: '`notify-send` is missing',
      answer: 'no program',
      class: 'permanent',
      code: 'desktop.no_notify_send',
      misconfigured: true,
      mend: 'install the package `libnotify-bin`',
    },
  ],
  cases: {
    rateLimited: { notApplicable: 'a desktop has no rate' },
    serverError: { code: 'desktop.no_daemon' },
    hang: { code: 'desktop.timeout' },
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThan(3000);
      expect(received).toMatch(/\(\+\d+ bytes\)/);
    },
    hostile(received) {
      // A title is never markup to a desktop.
      expect(received.slice(received.indexOf('\n'))).not.toMatch(/<[a-z/]/i);
      expect(received.replaceAll('\n', ' ')).not.toMatch(/[\u202E\p{Cc}]/u);
    },
    sameId: { notApplicable: 'a notification has no room for an id of ours' },
  },
};

/** A socket that takes connections and says nothing. */
async function silentBus(socket: string) {
  let heard: () => void;
  const connected = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const server = createServer((connection) => {
    connection.on('error', () => connection.destroy());
    connection.resume();
    heard();
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    address: `unix:path=${socket}`,
    connected,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
