import { expect } from 'vitest';
import { teams } from '../../../../daemon/channels/chat/work/teams.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const SIGNATURE = 'Xk3-sigsecret_9aQ';
export const PATH = `/workflows/8f1c/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${SIGNATURE}`;
export const ACCEPTED = { status: 202, headers: { 'x-ms-workflow-run-id': '08584' } };

export interface Card {
  readonly body: readonly {
    readonly type: string;
    readonly text?: string;
    readonly facts?: readonly { readonly value: string }[];
  }[];
  readonly msteams: { readonly entities?: unknown };
}

export const cardOf = (received: string): Card =>
  (JSON.parse(received) as { attachments: [{ content: Card }] }).attachments[0].content;

const refused = (status: number, code: string) => ({ status, body: { error: { code, message: `${code}.` } } });

export const contract: ChannelContract = {
  type: teams,
  secrets: [SIGNATURE],
  samples: { mention: { message: { mention: ['ada@example.com'] }, shown: '<at>ada@example.com</at>' } },
  openDestination: () =>
    openHttpDestination({ settings: (origin) => ({ url: origin + PATH }), responses: { success: ACCEPTED } }),
  refusals: [
    {
      when: 'the signature in the URL is wrong',
      answer: refused(401, 'AuthorizationFailed'),
      class: 'permanent',
      code: 'teams.AuthorizationFailed',
      misconfigured: true,
      mend: 'copy the whole URL of the workflow again',
    },
    {
      when: 'the URL has no signature, or only members may start the workflow',
      answer: refused(401, 'DirectApiAuthorizationRequired'),
      class: 'permanent',
      code: 'teams.DirectApiAuthorizationRequired',
      misconfigured: true,
      mend: 'copy the whole URL again, and let Anyone start the workflow, in its trigger',
    },
    {
      when: 'the workflow was deleted',
      answer: refused(404, 'WorkflowNotFound'),
      class: 'permanent',
      code: 'teams.WorkflowNotFound',
      misconfigured: true,
      mend: 'make a new workflow and give its URL',
    },
    {
      when: 'there is no webhook at this address',
      answer: { status: 404 },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'copy the URL of the workflow again',
    },
    {
      when: 'the workflow is switched off',
      answer: refused(400, 'WorkflowTriggerIsNotEnabled'),
      class: 'permanent',
      code: 'teams.WorkflowTriggerIsNotEnabled',
      misconfigured: true,
      mend: 'switch it on in Power Automate',
    },
    {
      when: 'the workflow expects other fields',
      answer: refused(400, 'TriggerInputSchemaMismatch'),
      class: 'permanent',
      code: 'teams.TriggerInputSchemaMismatch',
      mend: 'make the workflow from the template for webhooks',
    },
    {
      when: 'the message is too large',
      answer: { status: 413 },
      class: 'permanent',
      code: 'http.413',
      mend: 'shorten fields and actions',
    },
    {
      when: 'the workflow cannot run now',
      answer: {
        status: 502,
        body: { error: { code: 'NoResponse', message: 'The server did not receive a response.' } },
      },
      class: 'transient',
      code: 'http.502',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(20_000);
      expect(Buffer.byteLength(received)).toBeGreaterThan(15_000);
      expect(received).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { body, msteams } = cardOf(received);
      expect(msteams.entities).toBeUndefined();
      const texts = body.flatMap(({ text, facts = [] }) => [text ?? '', ...facts.map(({ value }) => value)]);
      // Every character that begins markup has a backslash before it, besides links to addresses in the text.
      for (const text of texts.map((each) => each.replace(/\[(https?:[^[\]]+)\]\(\1\)/g, '')))
        expect(text).not.toMatch(/(?<!\\)(?:\\\\)*[*`[<]|[^\P{Cc}\n]|\u202E|^#|^>/mu);
    },
    sameId: { notApplicable: 'a workflow does not know a repeated request' },
  },
};
