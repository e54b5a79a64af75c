import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';

const attack = attacksOn({
  rules: () => 'sources:\n  signed: { type: webhook, path: /hooks/signed, verify: { github: "attack-secret" } }\n',
});

attack('A1', async ({ origin }) => {
  const answer = await fetch(`${origin}/hooks/signed`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(401);
});
