// Runs the contract suite of all channel types on this one: node --test chime.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contractCases, openHttpDestination, PLAIN_HTTP_FAILURES } from 'belfry/testing';
import { chime } from './chime.mjs';

const refused = (code) => ({ body: { ok: false, code, reason: 'why' } });

const contract = {
  type: chime,
  secrets: ['ch-kx83jd02'],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ token: 'ch-kx83jd02', to: 'phone', api }),
      responses: { success: { body: { ok: true, id: '42' } } },
    }),
  refusals: [
    {
      when: 'the token is wrong',
      answer: refused(3),
      class: 'permanent',
      code: 'chime.3',
      misconfigured: true,
      mend: 'copy the token again',
    },
    { when: 'there is no such device', answer: refused(7), class: 'permanent', code: 'chime.7', mend: 'correct `to`' },
    {
      when: 'too many messages',
      answer: refused(9),
      class: 'transient',
      code: 'chime.9',
      mend: 'nothing: the channel pauses',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize: (received) => assert.ok(JSON.parse(received).text.length <= 1000),
    hostile: (received) => assert.doesNotMatch(JSON.parse(received).text, /[^\P{Cc}\n]|\u202E/u),
    sameId: { notApplicable: 'Chime drops no repeated message' },
  },
};

for (const { name, skip, run } of contractCases(contract)) test(name, { skip }, run);
