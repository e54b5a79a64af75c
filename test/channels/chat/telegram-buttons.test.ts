import { expect, test } from 'vitest';
import { telegram } from '../../../daemon/channels/chat/telegram/telegram.ts';
import { decodeSettings } from '../../support/channel-settings.ts';
import { ButtonHarness } from '../../support/buttons.ts';
import { channelTools, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { TelegramServer } from '../../support/telegram-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
const CHAT = { id: -1001234567890, type: 'supergroup', title: 'Ops' };

/** Alerts with a bot that gets presses, and the tokens of the buttons of one message. */
async function open(options: Parameters<typeof ButtonHarness.open>[0] = {}) {
  const bot = await TelegramServer.open(TOKEN);
  const harness = await ButtonHarness.open(options);
  harness.ownButtons.add('ops');
  const settings = { token: TOKEN, to: CHAT.id, api: bot.api, buttons: true };
  harness.setChannel('ops', telegram, settings);
  const listeners = harness.listen(telegram);
  const [ops] = await harness.event('down');
  const actions = harness.buttonsOf(ops!);
  const tokenOf = (label: string): string => actions.find((action) => action.label === label)!.press!;
  return { bot, harness, listeners, actions, tokenOf, settings };
}

const answers = (bot: TelegramServer) => bot.calls.filter(({ method }) => method === 'answerCallbackQuery');
const edits = (bot: TelegramServer) => bot.calls.filter(({ method }) => method.startsWith('edit'));

test('a message has buttons with callback data, which an outgoing connection reports; the message then shows who pressed', async () => {
  const { bot, harness, actions, tokenOf, settings } = await open();
  const http = openHttpClient();
  const notifier = telegram.open(decodeSettings(telegram, settings), channelTools({ http }));
  await notifier.send(sampleMessage({ actions }), sampleIo());
  await http.close();
  const sent = bot.calls[0]!.body as { reply_markup: { inline_keyboard: object[][] } };
  expect(sent.reply_markup.inline_keyboard).toEqual([
    [{ text: 'Acknowledge', callback_data: tokenOf('Acknowledge') }],
    [{ text: 'Silence 1h', callback_data: tokenOf('Silence 1h') }],
    [{ text: 'Resolve', callback_data: tokenOf('Resolve') }],
    [{ text: 'Runbook', url: 'https://wiki.example.com/' }],
  ]);
  const entities = [{ type: 'bold', offset: 0, length: 4 }];
  bot.press(tokenOf('Acknowledge'), CHAT, { entities });
  await expect.poll(() => edits(bot).length).toBe(1);
  expect(harness.actions.alerts()).toMatchObject([{ acknowledged_by: '@ann (channel ops)' }]);
  expect(answers(bot)[0]!.body).toEqual({ callback_query_id: 'q100', text: 'Acknowledged by @ann', show_alert: false });
  expect(edits(bot)[0]).toEqual({
    method: 'editMessageText',
    body: {
      chat_id: CHAT.id,
      message_id: 42,
      text: 'Disk of db1\n\nAcknowledged by @ann',
      entities,
      link_preview_options: { is_disabled: true },
      reply_markup: { inline_keyboard: sent.reply_markup.inline_keyboard.slice(1) },
    },
  });
});

test('a press from another chat, of a changed button, or a second one changes nothing and gets a polite answer', async () => {
  const { bot, harness, tokenOf } = await open();
  bot.press(tokenOf('Resolve'), { id: 5, type: 'private' });
  bot.press(`${tokenOf('Resolve').slice(0, -1)}!`, CHAT);
  bot.press('something of another program', CHAT);
  await expect.poll(() => answers(bot).length).toBe(3);
  for (const { body } of answers(bot))
    expect(body).toMatchObject({ text: expect.stringContaining('does not belong here'), show_alert: true });
  expect(edits(bot)).toEqual([]);
  expect(harness.actions.alerts()).toHaveLength(1);
  bot.press(tokenOf('Resolve'), CHAT);
  bot.press(tokenOf('Resolve'), CHAT);
  bot.press(tokenOf('Acknowledge'), CHAT);
  await expect.poll(() => answers(bot).length).toBe(6);
  expect(
    answers(bot)
      .slice(3)
      .map(({ body }) => body.text),
  ).toEqual(['Ended by @ann', 'Ended by @ann (channel ops)', 'This alert is over: nothing was changed.']);
});

test('the position outlives a restart, and an update that was handled is not fetched again', async () => {
  const path = await temporaryFolder();
  const key = Buffer.alloc(32, 3);
  const { bot, harness, listeners, tokenOf, settings } = await open({ path, key });
  bot.press(tokenOf('Acknowledge'), CHAT);
  await expect.poll(() => bot.offsets).toEqual([0, 101]);
  await listeners.stop();
  await expect.poll(() => bot.polls).toBe(0);
  expect(harness.clock.waiting).toBe(0);
  await harness.store.close();
  const again = await ButtonHarness.open({ path, key });
  again.setChannel('ops', telegram, settings);
  again.listen(telegram);
  await expect.poll(() => bot.offsets).toEqual([0, 101, 101]);
});

test('two channels of one bot share a connection, which a reload of the same settings does not touch', async () => {
  const { bot, harness, listeners, settings } = await open();
  harness.setChannel('mail', telegram, { ...settings, to: 5 });
  listeners.apply(harness.ruleset.channels);
  await expect.poll(() => bot.polls).toBe(1);
  listeners.apply(new Map([...harness.ruleset.channels].filter(([name]) => name === 'mail')));
  expect(bot.offsets).toHaveLength(1);
  harness.setChannel('mail', telegram, { ...settings, buttons: false });
  listeners.apply(new Map([...harness.ruleset.channels].filter(([name]) => name === 'mail')));
  await expect.poll(() => bot.polls).toBe(0);
});

test('another program that polls, or a webhook, is a fault that says what to do, and the bot is tried again', async () => {
  const { bot, harness, listeners } = await open();
  await expect.poll(() => bot.polls).toBe(1);
  const conflict = 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running';
  const webhook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook";
  for (const description of [conflict, webhook]) bot.refusals.push({ ok: false, error_code: 409, description });
  bot.press('unknown', CHAT);
  await expect.poll(() => listeners.faults).toEqual([expect.stringContaining('give Belfry a bot of its own')]);
  await harness.clock.advance(1000);
  await expect.poll(() => listeners.faults).toEqual([expect.stringContaining('call deleteWebhook')]);
  expect(harness.lines.join('')).not.toContain(TOKEN);
  await harness.clock.advance(2000);
  await expect.poll(() => bot.polls).toBe(1);
  bot.press('unknown', CHAT);
  await expect.poll(() => listeners.faults).toEqual([]);
});
