// Code of the author of a plugin; the type checker reads it with the public types.
import {
  defineChannel,
  defineHttpChannel,
  key,
  PLAIN,
  plainTitle,
  secret,
  SendFailure,
  strict,
  supports,
} from 'belfry/channel';
import { type ChannelContract, contractCases } from 'belfry/testing';

const pager = defineChannel({
  type: 'pager',
  summary: 'Calls somebody',
  documentation: 'https://pager.example',
  settings: strict({ key: secret({ description: 'The key.', examples: ['x'] }) }),
  limits: {},
  supports: supports({ kept: 'priority' }),
  idempotent: false,
  open: (settings: { key: { reveal(): string } }, { http }) => ({
    async send(message, { ending }) {
      const answer = await http.request({ url: `https://pager.example/${settings.key.reveal()}`, ending });
      if (answer.status !== 200) throw new SendFailure('permanent', 'pager.no', plainTitle(message));
      return { status: answer.status };
    },
  }),
});

const chime = defineHttpChannel({
  type: 'chime',
  summary: 'Rings a chime',
  documentation: 'https://chime.example',
  settings: { token: key('The token.', 'x') },
  limits: {},
  supports: { kept: '' },
  markup: PLAIN,
  request: (message, { api }) => ({ url: api, json: { title: plainTitle(message) } }),
  answers: { read: ({ json: { ok } }) => (ok === true ? { ok } : undefined) },
});

export const channels = [pager, chime];
export const casesOf = (contract: ChannelContract): number => contractCases(contract).length;
