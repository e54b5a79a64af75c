import { createHash, createHmac } from 'node:crypto';
import { Type } from 'typebox';
import { defineChannel } from '../../daemon/channels/channel.ts';
import { oneOrMany, secret, strict, template } from '../../daemon/core/schema/fields.ts';
import type { CompileTools } from '../../daemon/core/compile/registry.ts';
import type { Secret } from '../../daemon/lib/secrets/secret.ts';
import { defineSource } from '../../daemon/sources/source.ts';

const nothing = { send: () => Promise.resolve({}) };

/** Channel type with a secret, a list and a check. */
const pager = defineChannel({
  type: 'pager',
  summary: 'Calls somebody.',
  documentation: 'https://pager.example/docs',
  settings: strict({
    key: secret({ description: 'The key in the URL.', examples: ['${env:PAGER_KEY}'] }),
    keys: Type.Optional(
      oneOrMany(secret({ description: 'One key.', examples: ['k'] }), { description: 'More keys.', examples: ['k'] }),
    ),
    port: Type.Optional(Type.Integer({ description: 'Port.', examples: [25], minimum: 1, default: 25 })),
    body: Type.Optional(template({ description: 'Text.', examples: ['{{ title }}'], default: '{{ title }}' })),
    style: Type.Optional(
      Type.Unsafe<'plain' | 'fancy'>({
        type: 'string',
        enum: ['plain', 'fancy'],
        description: 'Style.',
        examples: ['plain'],
        default: 'plain',
      }),
    ),
  }),
  limits: { rate: '20/1m', concurrency: 2 },
  keyCount: ({ keys = [] }) => 1 + keys.length,
  idempotent: false,
  check: (settings) =>
    (settings as { key: Secret }).key.reveal() === 'same-as-old'
      ? [{ pointer: '/key', message: 'this key was revoked', mend: 'use the new one' }]
      : [],
  open: () => nothing,
});

/** Channel type without settings whose repeated messages are harmless. */
const sink = defineChannel({
  type: 'sink',
  summary: 'Takes everything.',
  documentation: 'https://sink.example/docs',
  settings: strict({}),
  limits: {},
  idempotent: true,
  open: () => nothing,
});

/** Channel type with a server. */
const relay = defineChannel({
  type: 'relay',
  summary: 'Sends to a server.',
  documentation: 'https://relay.example/docs',
  settings: strict({ host: Type.String({ description: 'The server.', examples: ['relay.example'] }) }),
  limits: {},
  idempotent: true,
  uses: ({ host }) => ({ endpoints: [{ host, port: 25, tls: 'none', verify: true }] }),
  open: () => nothing,
});

const hook = defineSource({
  type: 'hook',
  summary: 'Requests from elsewhere.',
  settings: strict({
    path: Type.String({ description: 'Below /hooks/.', examples: ['/hooks/x'], pattern: '^/hooks/.+' }),
    secret: Type.Optional(secret({ description: 'The signing secret.', examples: ['${env:HOOK_SECRET}'] })),
  }),
  events: ['hook.received'],
  start: () => Promise.resolve({ stop: () => Promise.resolve() }),
});

export const registry = { channels: [pager, sink, relay], sources: [hook] };

export const tools: CompileTools = {
  ...registry,
  fingerprint: (text) => createHmac('sha256', 'test').update(text).digest('hex'),
  tokenHash: (token) => createHash('sha256').update(token).digest('hex'),
};
