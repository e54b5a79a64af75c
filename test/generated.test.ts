import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles } from '../daemon/cli/generated.ts';
import { loadRegistry } from '../daemon/cli/registry.ts';
import { schemas } from '../daemon/core/schema/generate.ts';
import { catalogue } from './attacks/catalogue.ts';
import { attacksPage } from './attacks/catalogue/page.ts';
import { registry } from './support/rule-types.ts';

const files = generatedFiles(await loadRegistry());

it.each(Object.keys(files))('%s is what the code generates (else: npm run generate)', (name) => {
  expect(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')).toBe(files[name]);
});

it('the page of attacks has every row of the catalogue (else: npm run generate)', async () => {
  await expect(attacksPage(catalogue)).toMatchFileSnapshot('../docs/attacks.md');
});

it.each(['rules', 'event', 'dead-letter'])('the schema of %s is a JSON Schema', (name) => {
  const schema = JSON.parse(files[`schemas/${name}.schema.json`]!) as object;
  expect(new Ajv2020({ strict: false, validateFormats: false }).validateSchema(schema)).toBe(true);
});

it('the schema of rules accepts good files and refuses bad ones, as in an editor', () => {
  const valid = new Ajv2020({ strict: false, validateFormats: false }).compile(schemas(registry).rules!);
  const rule = (fields: string): unknown => parse(`rules: [{ name: a, notify: ops, ${fields} }]`);
  expect(valid(parse('channels: { a: { type: pager, key: "${env:K}", delivery: { timeout: 5s } } }'))).toBe(true);
  expect(valid(rule('match: { data.a: [x, y], b: { not: { prefix: p } }, any: [{ c: 1 }] }, dedupe: "${env:D}"'))).toBe(
    true,
  );
  for (const bad of ['channels: { a: { type: pager, kye: k } }', 'channels: { a: { type: pagr } }', 'rulez: []'])
    expect(valid(parse(bad))).toBe(false);
  for (const bad of ['dedupe: 10', 'dedupe: ten', 'match: { a: { prefx: p } }', 'message: { priority: hgih }'])
    expect(valid(rule(bad))).toBe(false);
});
