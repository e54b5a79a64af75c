import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { sampleMessage } from '../../../../daemon/channels/plugins/testing/samples.ts';
import { withBench } from '../../../../daemon/channels/plugins/testing/bench.ts';
import type { ServerAnswer } from '../../../../daemon/channels/plugins/testing/test-server.ts';
import { SendFailure } from '../../../../daemon/core/problems/failure.ts';
import { contracts } from '../../../channels/all-contracts.ts';
import { documentedRefusals } from '../../../channels/contract.ts';
import type { ChannelContract } from '../../../channels/contract.ts';
import { json, mutated, noise } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const STATUSES = [200, 200, 200, 201, 202, 204, 207, 301, 304, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 599];
const FIELDS = [
  'ok',
  'errcode',
  'code',
  'error',
  'errors',
  'message',
  'message_id',
  'id',
  'result',
  'data',
  'status',
  'retry_after',
  'parameters',
  'results',
  'failures',
  'details',
  'description',
  '__proto__',
];

/** Bodies of a provider's refusals. */
const documented = (contract: ChannelContract<unknown>): string[] =>
  documentedRefusals(contract).flatMap(({ answer }) => {
    const body = typeof answer === 'object' && answer !== null && 'body' in answer ? answer.body : undefined;
    return body === undefined ? [] : [typeof body === 'string' ? body : JSON.stringify(body)];
  });

const nested = fc.oneof(json, fc.dictionary(fc.constantFrom(...FIELDS), json, { maxKeys: 3 }));
const made = fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(json, nested, fc.array(nested, { maxLength: 3 })), {
  maxKeys: 5,
});
const headers = fc.dictionary(
  fc.constantFrom('retry-after', 'content-type', 'x-ratelimit-reset', 'x-ratelimit-remaining', 'location'),
  fc.constantFrom('7', '-1', '1e9', '', 'soon', 'Wed, 21 Oct 2026 07:28:00 GMT', 'application/json', '9'.repeat(300)),
  { maxKeys: 3 },
);

interface Given {
  readonly channel: string;
  readonly answer: ServerAnswer;
}

const overHttp = contracts.filter(({ unavailable, type }) => unavailable === undefined && type.type !== 'command');
const named = new Map(overHttp.map((contract) => [`${contract.type.type} ${contract.variant ?? ''}`.trim(), contract]));

const given = fc.constantFrom(...named.keys()).chain((channel): fc.Arbitrary<Given> => {
  const bodies = documented(named.get(channel)!);
  const body = fc.oneof(
    { weight: 3, arbitrary: made.map((value) => JSON.stringify(value)) },
    { weight: 4, arbitrary: mutated(bodies.length > 0 ? bodies : ['{}'], 3) },
    { weight: 1, arbitrary: noise },
  );
  return fc.record({
    channel: fc.constant(channel),
    answer: fc.record({ status: fc.constantFrom(...STATUSES), headers, body }),
  });
});

const CLASSES = ['transient', 'permanent', 'unknown'];

export const providers = [
  fuzzed({
    name: 'provider-answer',
    generate: given,
    share: 0.6,
    async run({ channel, answer }: Given) {
      const contract = named.get(channel)!;
      const shown: string[] = [];
      let failed: unknown;
      await withBench(contract, shown, async ({ destination, notifier, io, show }) => {
        // A type without HTTP cannot give the answer.
        if (!('sink' in destination)) return;
        await destination.refuseWith!(answer);
        show(await notifier.send(sampleMessage(), io()).catch((error: unknown) => (failed = error)));
      });
      return { failed, shown, secrets: contract.secrets };
    },
    check({ failed, shown, secrets }) {
      if (failed !== undefined) {
        assert.ok(failed instanceof SendFailure, `not a SendFailure: ${String((failed as Error).stack)}`);
        assert.ok(CLASSES.includes(failed.class));
        assert.ok(failed.message.length > 0 && failed.message.length < 2000);
        const { retryAfter } = failed.detail;
        assert.ok(
          retryAfter === undefined || (Number.isFinite(retryAfter) && retryAfter >= 0),
          `a pause of ${retryAfter}`,
        );
      }
      for (const secret of secrets) assert.ok(!shown.some((text) => text.includes(secret)), 'a secret is shown');
    },
  }),
];
