import { expect, test } from 'vitest';
import { buttonTokens } from '../../daemon/app/buttons/token.ts';
import { newId } from '../../daemon/lib/id.ts';
import { ButtonHarness } from '../support/buttons.ts';

test('a token says what was signed, fits into 64 bytes, and no bit of it can be changed', () => {
  const tokens = buttonTokens(Buffer.alloc(32, 7));
  const delivery = newId(Date.UTC(2026, 10, 23));
  for (const change of [{ verb: 'ack' }, { verb: 'resolve' }, { verb: 'silence', ms: 365 * 86_400_000 }] as const) {
    const token = tokens.sign({ delivery, change })!;
    expect(token).toHaveLength(50);
    expect(tokens.read(token)).toEqual({ delivery, change });
    const bytes = Buffer.from(token, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 1;
      expect(tokens.read(changed.toString('base64url'))).toBeUndefined();
    }
  }
  expect(tokens.sign({ delivery: 'by-hand-1', change: { verb: 'ack' } })).toBeUndefined();
});

test('a channel without buttons gets links, one with buttons gets tokens, and without an address only the second has buttons', async () => {
  const linked = await ButtonHarness.open();
  linked.ownButtons.add('mail');
  const [ops, mail] = await linked.event('down');
  expect(linked.buttonsOf(ops!)[0]).toEqual({ label: 'Acknowledge', url: expect.stringContaining('/actions/') });
  expect(linked.buttonsOf(mail!)[0]).toMatchObject({ press: expect.stringMatching(/^[\w-]{50}$/) });

  const rules = `
channels: { ops: { type: sink }, chat: { type: sink } }
rules: [{ name: r, match: { data.state: down }, repeat: 1h, message: { actions: [ack] }, notify: [ops, chat] }]
`;
  const unlinked = await ButtonHarness.open({ rules });
  unlinked.ownButtons.add('chat');
  const [without, chat] = await unlinked.event('down');
  expect(unlinked.buttonsOf(without!)).toEqual([]);
  expect(unlinked.buttonsOf(chat!)).toMatchObject([{ label: 'Acknowledge', url: '', press: expect.any(String) }]);
});

test('the name of a person who pressed has no control characters and a bounded length', async () => {
  const harness = await ButtonHarness.open();
  const [ops] = await harness.event('down');
  await harness.buttons.press(harness.tokensOf(ops!).Acknowledge!, { name: `ann\n\u202E${'x'.repeat(500)}` });
  const [alert] = harness.actions.alerts();
  expect(alert!.acknowledged_by).toMatch(/^ann x{96} \(channel ops\)$/);
});

test('a person who may not press changes nothing', async () => {
  const harness = await ButtonHarness.open();
  const [ops] = await harness.event('down');
  const pressed = await harness.buttons.press(harness.tokensOf(ops!).Acknowledge!, {
    name: 'eve',
    mayPress: () => false,
  });
  expect(pressed).toEqual({ kind: 'unknown' });
  expect(harness.actions.alerts()).toMatchObject([{ state: 'firing' }]);
});
