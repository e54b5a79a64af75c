import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { SPELLINGS } from '../../support/spellings.ts';

const scrubberOf = (...secrets: readonly string[]): Scrubber => {
  const scrubber = new Scrubber();
  for (const secret of secrets) scrubber.add(secret);
  return scrubber;
};

const character = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
  fc.constantFrom('/', '\\', '"', '&', '<', '%', '+', '=', ' ', 'é', 'ß', '密', '😀', '\t', '\n', "'", '5', 'n', 'u'),
);
const anySecret = fc
  .array(character, { minLength: 6, maxLength: 90 })
  .map((characters) => characters.join(''))
  .filter((secret) => secret.trim().length >= 6 && secret.trim() === secret);
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.array(character, { maxLength: 20 }).map((characters) => characters.join('')),
  fc.constantFrom('', '%', '%2', '\\', '\\\\', '&', '&amp;', '=', '{"a":"', 'user:', 'aaaaaa'),
);

describe.each(Object.entries(SPELLINGS))('a secret, %s', (_name, spell) => {
  test('is masked in every text', () => {
    fc.assert(
      fc.property(anySecret, anyText, anyText, (secret, before, after) => {
        const scrubber = scrubberOf(secret);
        const spelt = spell(secret).replace(/^([\w+/-]{8,}?)=+$/, '$1');
        for (const scrubbed of [scrubber.scrub(before + spelt + after), scrubber.scrubAnswer(before + spelt + after)]) {
          expect(scrubbed).toMatch(/\*\*\*|^\[not shown/);
          expect(scrubbed).not.toContain(spelt);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('leaves the text around it unchanged', () => {
    const secret = 'k3y/ü+"s <e>&\\t';
    expect(scrubberOf(secret).scrub(`before [${spell(secret)}] after`)).toMatch(
      /^before \[\*\*\*(?:=|%3D){0,2}\] after$/s,
    );
  });
});

test('base64 is masked in every alignment, with the digits that contain a part of the secret', () => {
  const outside = fc.string({ unit: fc.constantFrom('x', 'y', 'z', '.', ':'), maxLength: 7 });
  const secrets = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '2', '-', 'é'), minLength: 6, maxLength: 30 });
  fc.assert(
    fc.property(secrets, outside, outside, (secret, before, after) => {
      const [start, length] = [Buffer.byteLength(before), Buffer.byteLength(secret)];
      for (const encoding of ['base64', 'base64url'] as const) {
        const digits = Buffer.from(before + secret + after).toString(encoding);
        const first = Math.floor((start * 8) / 6);
        const last = Math.ceil(((start + length) * 8) / 6);
        expect(scrubberOf(secret).scrub(digits)).toBe(`${digits.slice(0, first)}***${digits.slice(last)}`);
      }
    }),
  );
});

test.each(['base64', 'base64url', 'hex'] as const)('a login in ISO 8859-1 is masked in %s, too', (encoding) => {
  const spelt = Buffer.from('user:pässwörd', 'latin1').toString(encoding);
  const shown = scrubberOf('pässwörd').scrub(`Basic ${spelt}`);
  const secret = Buffer.from('sswör', 'latin1');
  for (const offset of [0, 1, 2]) {
    const digits = Buffer.concat([Buffer.alloc(offset), secret]).toString(encoding);
    expect(shown).not.toContain(digits.slice(3, -3));
  }
  expect(shown).toContain('***');
});

test('a text without secrets is returned unchanged', () => {
  const secret = fc.string({ unit: fc.constantFrom('X', 'Y', 'Z', '7', '8', '9'), minLength: 6, maxLength: 40 });
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1, maxLength: 10 }), anyText, anyText, (secrets, one, other) => {
      const text = (one + other).replace(/[XYZ789]|[0-9a-f]{4,}/gi, '_');
      fc.pre(secrets.every((value) => !text.includes(value)));
      const scrubber = scrubberOf(...secrets);
      expect(scrubber.scrub(text)).toBe(text);
      const value = { text: [text, 1, null, true], [`${text}-`]: { text } };
      expect(scrubber.scrubJson(value)).toBe(value);
    }),
  );
});

test('a long secret is found with ignored characters between all of its characters', () => {
  const secret = 'abcdefghij'.repeat(6);
  for (const between of ['\0', '\\', '=\r\n', '\n '])
    expect(scrubberOf(secret).scrub(`[${secret.split('').join(between)}]`)).toBe('[***]');
});

test('secrets that overlap are both masked completely', () => {
  expect(scrubberOf('abcdefgh', 'fghijklm').scrub('see abcdefghijklm.')).toBe('see ***.');
  expect(scrubberOf('aaaaaaaa').scrub('baaaaaaaaaaab')).toBe('b***b');
});

test('a response that was truncated within a secret shows nothing of it', () => {
  fc.assert(
    fc.property(anySecret, fc.constantFrom(...Object.values(SPELLINGS)), fc.nat(), (secret, spell, at) => {
      const spelt = spell(secret);
      // Four characters of a secret are the least that is known again.
      const kept = spelt.slice(0, Math.max(spelt.length - 1, 0)).slice(0, 30 + (at % 200));
      fc.pre(kept.length >= 30 && kept.length < spelt.length);
      for (const mark of ['', '…', '… (+120 bytes)']) {
        const scrubbed = scrubberOf(secret).scrubAnswer(`said: ${kept}${mark}`);
        expect(scrubbed).not.toContain(kept);
        expect(scrubbed).toMatch(/\*\*\*|^\[not shown/);
      }
    }),
  );
  const scrubber = scrubberOf('hunter2-hunter2');
  expect(scrubber.scrubAnswer('your token is hunter2-hu')).toBe('your token is ***');
  expect(scrubber.scrubAnswer('your token is hunter2… (+100 bytes)')).toBe('your token is ***… (+100 bytes)');
  expect(scrubber.scrub('your token is hunter2-hu')).toBe('your token is hunter2-hu');
});

test('a part of a long secret is masked, and each line of a key', () => {
  const lines = Array.from({ length: 20 }, (_, line) => Buffer.alloc(48, `key ${line} `).toString('base64'));
  const key = `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
  const scrubber = scrubberOf(key);
  for (const line of lines) expect(scrubber.scrub(`line ${line}`)).toBe('line ***');
  expect(scrubber.scrub(lines.join('\\r\\n'))).not.toMatch(
    new RegExp(lines.map((line) => line.slice(4, 60)).join('|')),
  );
});

describe('a short secret', () => {
  test('is not masked in texts of the daemon', () => {
    expect(scrubberOf('prod').scrub('deployed to prod')).toBe('deployed to prod');
  });

  test('withholds responses that repeat it, in every escaped form', () => {
    const scrubber = scrubberOf('a/1!');
    for (const said of ['a/1!', 'a%2F1%21', 'xa\\/1!x', Buffer.from('user:a/1!').toString('base64'), '612f3121'])
      expect(scrubber.scrubAnswer(`refused: ${said}`)).toBe(
        '[not shown: it repeats a secret that is too short to be masked]',
      );
    expect(scrubber.scrubAnswer('refused: a/1')).toBe('refused: a/1');
  });

  test('of three characters or less counts only as a whole word', () => {
    const scrubber = scrubberOf('pw');
    expect(scrubber.scrubAnswer('the pwd is wrong')).toBe('the pwd is wrong');
    expect(scrubber.scrubAnswer('wrong: "pw"')).toContain('not shown');
  });
});

describe('the parts of a secret URL', () => {
  const said = (url: string, answer: string): string => scrubberOf(url).scrubAnswer(answer);

  test.each([
    ['http://h/hooks/T0AB12/x7Gf91kQ', 'Cannot POST /hooks/T0AB12/x7Gf91kQ', 'Cannot POST ***'],
    ['http://h/hooks/T0AB12/x7Gf91kQ', 'no hook x7Gf91kQ', 'no hook ***'],
    ['http://h/our/tickets', 'there is no /our/tickets here', 'there is no *** here'],
    ['http://h/our/tickets', 'there is no tickets here', 'there is no *** here'],
    ['http://h/?token=sesame-4711', 'bad token: sesame-4711', 'bad token: ***'],
    ['http://h/?room=ops&token=sesame-4711', 'args: {"token":["sesame-4711"]}', 'args: {"token":["***"]}'],
    ['http://u:open%20sesame@h/', 'u:open sesame', '***'],
    ['http://u:open%20sesame@h/', `Basic ${Buffer.from('u:open sesame').toString('base64')}`, 'Basic ***=='],
    ['smtps://mailer:open%2Fsesame@h:465', '535 mailer open/sesame', '535 *** ***'],
    ['https://4711abcd@h/', 'who is 4711abcd?', 'who is ***?'],
  ])('%s', (url, answer, shown) => expect(said(url, answer)).toBe(shown));

  test('do not include its host, and words that many URLs share', () => {
    for (const answer of ['hooks.example.com is down', 'POST is not allowed on api', 'hook v1 robot send'])
      expect(said('https://hooks.example.com/api/v1/robot/send', answer)).toBe(answer);
  });
});

describe('a literal header or variable', () => {
  const scrubber = new Scrubber();
  const add = (name: string, value: string, referenced = false): void =>
    scrubber.add({ role: 'setting', name, value, referenced });
  add('Authorization', 'Bearer abc-def-4711');
  add('X-Api-Key', 'sesame');
  add('Content-Type', 'application/json');
  add('X-Team', 'platform');
  add('X-Login', `Basic ${Buffer.from('ops:open-sesame').toString('base64')}`);
  add('X-Pin', 'ab12', true);
  add('MODE', 'prod');
  add('DISABLE_AUTH', 'true');
  add('X-Passphrase', 'the open sesames');
  add('PATH', '/usr/local/bin:/usr/bin');

  test.each([
    ['abc-def-4711', '***'],
    ['key sesame', 'key ***'],
    ['application/json', 'application/json'],
    ['open-sesame', '***'],
    ['prod', 'prod'],
    ['it is true', 'it is true'],
    ['it is open.', 'it is open.'],
    ['/usr/bin/env', '/usr/bin/env'],
  ])('%s', (text, shown) => {
    expect(scrubber.scrub(text)).toBe(shown);
    expect(scrubber.scrubAnswer(text)).toBe(shown);
  });

  test('that is a plain word is masked in responses only', () => {
    expect(scrubber.scrub('the platform is down')).toBe('the platform is down');
    expect(scrubber.scrubAnswer('you are platform')).toBe('you are ***');
  });

  test('that comes from a reference is a secret, however short', () => {
    expect(scrubber.scrubAnswer('pin ab12')).toContain('not shown');
  });
});

test('a response that ends like the beginning of a secret is shown', () => {
  const scrubber = scrubberOf('https://user:sesame-1@host/hooks/abcdef123456');
  scrubber.add({ role: 'setting', name: 'Authorization', value: 'Bearer sesame-2' });
  for (const answer of ['no Bearer', 'see https://host', 'see https://host/hooks'])
    expect(scrubber.scrubAnswer(answer)).toBe(answer);
});

test('numbers and keys are masked, too', () => {
  expect(scrubberOf('12345678').scrubJson({ id: 12345678, n: 5, '12345678': [12345678] })).toEqual({
    id: '***',
    n: 5,
    '***': ['***'],
  });
});

test('no text of a remote server makes the search slow', () => {
  const scrubber = scrubberOf(
    '\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    '&amp;&amp;&amp;',
    '%25%25%25%25',
  );
  for (const piece of ['\\', 'a', '&amp;', '&', '%25', '%', '=\r\n', 'a\\', 'a=\n', '\\u005c', '&#92;', '+'])
    expect(scrubber.scrubAnswer(piece.repeat(20_000).slice(0, 64 * 1024)).length).toBeLessThanOrEqual(64 * 1024);
});
