import { expect, test } from 'vitest';
import { slack } from '../../../daemon/channels/chat/slack/slack.ts';
import { openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { ButtonHarness } from '../../support/buttons.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { channelTools, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { SlackServer } from '../../support/slack-server.ts';

const BOT = 'xoxb-17653672481-19874698323';
const APP = 'xapp-1-A0123-4567-89ab';

/** Alerts with an app in Socket Mode, and the tokens of the buttons of one message. */
async function open() {
  const app = await SlackServer.open();
  const harness = await ButtonHarness.open();
  harness.ownButtons.add('ops');
  const settings = { token: BOT, app_token: APP, channel: '#ops', api: app.api };
  harness.setChannel('ops', slack, settings);
  const listeners = harness.listen(slack);
  await expect.poll(() => app.sockets.length).toBe(1);
  const [ops] = await harness.event('down');
  const actions = harness.buttonsOf(ops!);
  const tokenOf = (label: string): string => actions.find((action) => action.label === label)!.press!;
  return { app, harness, listeners, actions, tokenOf, settings };
}

test('a message has buttons of Block Kit, whose presses come over an outgoing WebSocket; the message then shows who pressed', async () => {
  const { app, harness, actions, tokenOf, settings } = await open();
  const http = openHttpClient();
  await slack
    .open(decodeSettings(slack, settings), channelTools({ http }))
    .send(sampleMessage({ actions }), sampleIo());
  await http.close();
  const { attachments } = app.of('chat.postMessage')[0]!.body as {
    attachments: { text?: string; blocks?: object[] }[];
  };
  expect(attachments[0]!.text).toContain('<https://wiki.example.com/|Runbook>');
  expect(attachments[1]).toMatchObject({
    fallback: 'Acknowledge, Silence 1h, Resolve',
    blocks: [
      {
        type: 'actions',
        elements: ['Acknowledge', 'Silence 1h', 'Resolve'].map((text, index) => ({
          type: 'button',
          action_id: `belfry_${index}`,
          text: { type: 'plain_text', text, emoji: false },
          value: tokenOf(text),
        })),
      },
    ],
  });
  const id = app.press(
    tokenOf('Silence 1h'),
    attachments.map((one, index) => ({ id: index + 1, ...one })),
  );
  await expect.poll(() => app.of('chat.update').length).toBe(1);
  expect(app.acknowledged).toEqual([id]);
  expect(harness.actions.silences()).toMatchObject([{ match: { rule: 'disk', key: 'db1' }, by: '@ann (channel ops)' }]);
  const { token, body } = app.of('chat.update')[0]!;
  expect(token).toBe(BOT);
  expect(body).toMatchObject({ channel: 'C1', ts: '1548261231.000200', text: '*Disk of db1*' });
  const [text, buttons] = body.attachments as { blocks?: { elements: object[] }[] }[];
  expect(text).toEqual(attachments[0]);
  expect(buttons!.blocks![0]!.elements).toHaveLength(2);
  expect(buttons!.blocks![1]).toEqual({
    type: 'context',
    elements: [{ type: 'plain_text', text: 'Silenced for 1h by @ann', emoji: false }],
  });
  expect(app.of('chat.postEphemeral')).toEqual([]);
});

test('a second press, and one of another app, change nothing, and only the person sees why', async () => {
  const { app, harness, tokenOf } = await open();
  const resolve = app.press(tokenOf('Resolve'));
  await expect.poll(() => app.acknowledged).toContain(resolve);
  app.press(tokenOf('Resolve'));
  app.press(tokenOf('Acknowledge'));
  app.press('of another app');
  await expect.poll(() => app.of('chat.postEphemeral').length).toBe(3);
  expect(new Set(app.of('chat.postEphemeral').map(({ body }) => body.text))).toEqual(
    new Set([
      'Ended by @ann (channel ops)',
      'This alert is over: nothing was changed.',
      'This button does not belong here: nothing was changed.',
    ]),
  );
  expect(app.of('chat.postEphemeral')[0]!.body).toMatchObject({ channel: 'C1', user: 'UA8RXUSPL' });
  expect(harness.actions.alerts()).toEqual([]);
});

test('an envelope of another kind is acknowledged, and a press that cannot be stored is not', async () => {
  const { app, harness, tokenOf } = await open();
  app.send({ envelope_id: 'e1', type: 'events_api', payload: {} });
  app.send({ envelope_id: 'e2', type: 'interactive', payload: { type: 'view_closed' } });
  await expect.poll(() => app.acknowledged).toEqual(['e1', 'e2']);
  await harness.store.close();
  app.press(tokenOf('Acknowledge'));
  await expect.poll(() => harness.lines.join('')).toContain('could not be stored');
  expect(app.acknowledged).toEqual(['e1', 'e2']);
});

test('the next connection is open before Slack closes the old one, and a cut or silent one is replaced', async () => {
  const { app, harness, listeners, tokenOf } = await open();
  app.send({ type: 'disconnect', reason: 'warning', debug_info: {} });
  await expect.poll(() => app.sockets.length).toBe(2);
  app.sockets[0]!.close();
  await expect.poll(() => app.sockets.length).toBe(1);
  app.sockets[0]!.terminate();
  await expect.poll(() => app.opened).toBe(3);
  // A peer that answers no ping is dead: the socket is paused, so no pong is sent.
  await expect.poll(() => app.sockets.length).toBe(1);
  app.sockets[0]!.pause();
  await harness.clock.advance(60_000);
  await expect.poll(() => app.opened).toBe(4);
  const id = app.press(tokenOf('Acknowledge'));
  await expect.poll(() => app.acknowledged).toEqual([id]);
  await listeners.stop();
  expect(harness.clock.waiting).toBe(0);
});

test('a refused token and a switched-off Socket Mode are faults that say what to do, and are tried again', async () => {
  const { app, harness, listeners } = await open();
  app.refusals.push({ ok: false, error: 'invalid_auth' });
  app.send({ type: 'disconnect', reason: 'link_disabled' });
  await expect.poll(() => listeners.faults).toEqual([expect.stringContaining('switch on Socket Mode')]);
  await harness.clock.advance(1000);
  await expect.poll(() => listeners.faults).toEqual([expect.stringContaining('set a new `app_token`')]);
  expect(harness.lines.join('')).not.toMatch(/xapp-|xoxb-/);
  await harness.clock.advance(2000);
  await expect.poll(() => listeners.faults).toEqual([]);
});

test('a connection that Slack limits is opened after the pause that it asks for', async () => {
  const { app, harness, listeners } = await open();
  app.refusals.push({ ok: false, error: 'ratelimited', retryAfter: 20 });
  app.send({ type: 'disconnect', reason: 'warning' });
  await expect.poll(() => listeners.faults).toEqual([expect.stringContaining('ratelimited')]);
  await harness.clock.advance(19_000);
  app.send({ envelope_id: 'e1', type: 'events_api', payload: {} });
  await expect.poll(() => app.acknowledged).toEqual(['e1']);
  expect(app.of('apps.connections.open')).toHaveLength(2);
  await harness.clock.advance(1000);
  await expect.poll(() => app.opened).toBe(2);
});

test('an app-level token without a bot, or of another kind, is found at load', () => {
  const url = 'https://hooks.slack.com/services/T0/B0/abc';
  expect(readSettings(slack, { url, app_token: APP }).problems).toEqual([
    '/app_token: a webhook cannot change its messages, so it has no buttons',
  ]);
  expect(readSettings(slack, { token: BOT, channel: 'C1', app_token: BOT }).problems).toEqual([
    '/app_token: this is not an app-level token',
  ]);
});
