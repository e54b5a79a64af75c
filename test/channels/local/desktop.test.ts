import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notifier } from '../../../daemon/channels/channel.ts';
import { showNative } from '../../../daemon/channels/local/desktop/native.ts';
import { desktop } from '../../../daemon/channels/local/desktop/desktop.ts';
import { desktopUnavailable } from '../../../daemon/channels/local/desktop/session.ts';
import type { Receipt } from '../../../daemon/core/delivery/delivery.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { channelTools, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { type Desktop, missingPackages, openDesktop, type Shown } from '../../support/desktop.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const SHIPPED = path.resolve(import.meta.dirname, '../../../assets/icon.png');

const channelOf = (env: Record<string, string | undefined>, settings: object = {}): Notifier =>
  desktop.open(decodeSettings(desktop, settings), channelTools({ env, clock: systemClock }));

const missing = missingPackages();

describe.skipIf(missing.length > 0)(
  missing.length > 0 ? `on a desktop (skipped: install the Debian packages ${missing.join(' ')})` : 'on a desktop',
  () => {
    let screen: Desktop;
    beforeAll(async () => {
      screen = await openDesktop();
    });
    afterAll(() => screen?.close());

    const shownBy = async (show: () => Promise<unknown>): Promise<readonly Shown[]> => {
      const before = (await screen.shown()).length;
      await show();
      return (await screen.shown()).slice(before);
    };
    const send = async (channel: Notifier, message: Partial<Message> = {}): Promise<Receipt> =>
      (await channel.send(sampleMessage(message), sampleIo())) as Receipt;

    test('a notification is shown once, with the shipped icon, and its number is the receipt', async () => {
      let receipt: Receipt | undefined;
      const shown = await shownBy(async () => {
        receipt = await send(channelOf(screen.env));
      });
      expect(shown).toMatchObject([
        {
          app: 'Belfry',
          title: 'Deploy failed: acme/api',
          body: 'Build 42 of main by alice',
          icon: SHIPPED,
          urgency: 'NORMAL',
        },
      ]);
      expect(receipt).toEqual({ id: shown[0]!.id });
    });

    test('a title may begin with a dash, and nothing in it is an option', async () => {
      const shown = await shownBy(() =>
        send(channelOf(screen.env), { title: '--urgency=low -x', body: '-i /etc/passwd' }),
      );
      expect(shown).toMatchObject([{ title: '--urgency=low -x', body: '-i /etc/passwd', urgency: 'NORMAL' }]);
    });

    test('markup and backslashes in the text are shown as they are', async () => {
      const body = String.raw`<b>bold</b> & C:\new\table <a href="x">y</a>`;
      const shown = await shownBy(() => send(channelOf(screen.env), { body }));
      expect(shown[0]!.body.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')).toBe(body);
      expect(shown[0]!.body).not.toContain('<b>');
    });

    test('a message with the same replace_key replaces, also when both come at once; others do not', async () => {
      const channel = channelOf(screen.env);
      const shown = await shownBy(() =>
        Promise.all([
          send(channel, { replace_key: 'disk', body: '95 %' }),
          send(channel, { replace_key: 'disk', body: '96 %' }),
          send(channel, { replace_key: 'load', body: '3' }),
        ]),
      );
      const ids = Object.fromEntries(shown.map(({ body, id }) => [body, id]));
      expect(ids['95 %']).toBe(ids['96 %']);
      expect(ids['3']).not.toBe(ids['96 %']);
      expect(shown).toHaveLength(3);
    });

    test('the priority becomes the urgency, and the appearance comes from the settings', async () => {
      const channel = channelOf(screen.env, { app_name: 'Build server', timeout: '7s', sound: 'chime' });
      const shown = await shownBy(async () => {
        for (const priority of ['min', 'normal', 'urgent'] as const) await send(channel, { priority });
      });
      expect(shown.map(({ urgency }) => urgency)).toEqual(['LOW', 'NORMAL', 'CRITICAL']);
      expect(shown[1]).toMatchObject({ app: 'Build server', timeout: '7000' });
    });

    test('fields, actions and the link are below the text', async () => {
      const message = {
        fields: { Host: 'web-1' },
        link: 'https://example.com/42',
        actions: [{ label: 'Open', url: 'https://example.com' }],
      };
      const shown = await shownBy(() => send(channelOf(screen.env), message));
      for (const line of ['Host: web-1', 'https://example.com/42', 'Open: https://example.com'])
        expect(shown[0]!.body).toContain(line);
    });

    test('a bus that does not exist any more is not a session', async () => {
      const folder = await temporaryFolder();
      const env = { ...screen.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${path.join(folder, 'gone')}` };
      expect(desktopUnavailable(env, 'linux')).toContain('no desktop session');
    });

    test('with a desktop there is no problem', () => {
      expect(desktopUnavailable(screen.env, 'linux')).toBeUndefined();
    });
  },
);

describe('the reason why there is no desktop is one sentence', () => {
  test('no session bus', async () => {
    const folder = await temporaryFolder();
    expect(desktopUnavailable({ PATH: process.env.PATH, DISPLAY: ':0', XDG_RUNTIME_DIR: folder }, 'linux')).toContain(
      'user service',
    );
  });

  test('a bus where systemd puts it, and no screen', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'bus'), '');
    expect(desktopUnavailable({ PATH: process.env.PATH, XDG_RUNTIME_DIR: folder }, 'linux')).toContain(
      'WAYLAND_DISPLAY',
    );
  });

  test('no notify-send', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'bus'), '');
    expect(
      desktopUnavailable({ PATH: folder, WAYLAND_DISPLAY: 'wayland-0', XDG_RUNTIME_DIR: folder }, 'linux'),
    ).toContain('libnotify-bin');
  });

  test.each(['darwin', 'win32'] as const)('%s has one, as far as can be seen', (platform) => {
    expect(desktopUnavailable({}, platform)).toBeUndefined();
  });
});

describe('the icon', () => {
  test('that is shipped is a PNG of 128 by 128', () => {
    expect(readSettings(desktop, { icon: SHIPPED }).problems).toEqual([]);
  });

  test.each([
    ['is missing', undefined, 'the icon file does not exist'],
    ['is no PNG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'the icon is not a PNG file'],
    ['is cut short', Buffer.from('89504e470d0a1a0a', 'hex'), 'the icon is not a PNG file'],
    ['has another size', pngHead(512, 300), 'the icon is 512 × 300 pixels, not 128 × 128'],
  ])('is refused when it %s', async (_, bytes, problem) => {
    const icon = path.join(await temporaryFolder(), 'icon.png');
    if (bytes !== undefined) await writeFile(icon, bytes);
    expect(readSettings(desktop, { icon }).problems).toEqual([`/icon: ${problem}`]);
  });
});

function pngHead(width: number, height: number): Buffer {
  const head = Buffer.from('89504e470d0a1a0a0000000d49484452000000000000000008060000', 'hex');
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return head;
}

describe('on macOS and Windows', () => {
  const look = { icon: SHIPPED, appName: 'Belfry', timeout: 7400, sound: 'Ping' };
  const message = sampleMessage({ replace_key: 'disk', link: 'https://example.com/42' });

  test('the notification centre gets the same text', async () => {
    let given: unknown;
    const native = {
      notify(options: unknown, done: (error: null, response: string) => void) {
        given = options;
        done(null, 'ok');
      },
    };
    expect(await showNative(native, look, message, new AbortController().signal)).toBe('ok');
    expect(given).toMatchObject({
      title: 'Deploy failed: acme/api',
      icon: SHIPPED,
      sound: 'Ping',
      timeout: 7,
      group: 'disk',
      open: 'https://example.com/42',
      wait: false,
    });
  });

  test('a refusal is permanent, and the outcome without an answer is unknown', async () => {
    const refusing = { notify: (_: unknown, done: (error: Error) => void) => done(new Error('not allowed')) };
    const failure = showNative(refusing, look, message, new AbortController().signal);
    await expect(failure).rejects.toMatchObject({
      class: 'permanent',
      code: 'desktop.rejected',
      detail: { body: 'not allowed' },
    });
    const deadline = new AbortController();
    const silent = showNative({ notify: () => undefined }, look, message, deadline.signal);
    deadline.abort();
    await expect(silent).rejects.toBeInstanceOf(SendFailure);
    await expect(silent).rejects.toMatchObject({ class: 'unknown', code: 'desktop.timeout' });
  });
});
