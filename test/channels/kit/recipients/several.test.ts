import { expect, test } from 'vitest';
import { SeveralRecipients } from '../../../../daemon/channels/kit/recipients/several.ts';
import { type FailureClass, SendFailure } from '../../../../daemon/core/problems/failure.ts';
import { channelTools } from '../../../support/delivery.ts';

const failing = (failureClass: FailureClass, retryAfter?: number) => (): Promise<never> =>
  Promise.reject(
    new SendFailure(failureClass, `test.${failureClass}`, 'failed', {
      ofRecipient: true,
      ...(retryAfter !== undefined && { retryAfter }),
    }),
  );

test('with a server for each recipient, no pause and no silence of one delays or ends the delivery to another', async () => {
  const several = new SeveralRecipients(channelTools().log, false);
  const answers: Readonly<Record<string, () => Promise<never>>> = {
    silent: failing('unknown'),
    paused: failing('transient', 86_400_000),
    down: failing('transient', 1000),
  };
  const sending = several.send(Object.keys(answers), 'd1', (name) => answers[name]!());
  await expect(sending).rejects.toMatchObject({ class: 'transient', detail: { retryAfter: 1000 } });
});
