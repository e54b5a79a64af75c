import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadChannelTypes } from '../../../daemon/channels/index.ts';
import { knownSchemas } from '../../../daemon/core/schema/validators/known-schemas.ts';
import { compileSchema, fileOf, type Validator } from '../../../daemon/core/schema/validators/validator.ts';
import { sourceTypes } from '../../../daemon/sources/index.ts';
import { valueFor } from '../../support/schema-values.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const channelTypes = await loadChannelTypes();

const ROOT = path.resolve(import.meta.dirname, '../../..');
const require = createRequire(path.join(ROOT, 'bundle/'));
const schemas = [...knownSchemas({ channels: channelTypes, sources: sourceTypes })];

test('the build has a validator for every known schema, and no other', () => {
  const files = readdirSync(path.join(ROOT, 'bundle/validators')).map((name) => `validators/${name}`);
  expect(files.sort()).toEqual([...new Set(schemas.map(fileOf))].sort());
});

test('a generated validator reports what one that is compiled at run time reports', () => {
  for (const schema of schemas) {
    const generated = require(`./${fileOf(schema)}`) as Validator;
    const compiled = compileSchema(schema);
    const report = (validator: Validator, value: unknown): unknown => (validator(value) ? [] : validator.errors);
    fc.assert(
      fc.property(valueFor(schema), (value) => {
        expect(report(generated, value)).toEqual(report(compiled, value));
      }),
      { numRuns: 20 },
    );
  }
});

test('a start compiles no schema: ajv itself is not loaded', async () => {
  const folder = await temporaryFolder();
  const hook = path.join(folder, 'refuse-ajv.cjs');
  writeFileSync(
    hook,
    `const Module = require('node:module');
const load = Module._load;
Module._load = (name, ...more) => {
  if (name === 'ajv') throw new Error('ajv was loaded');
  return load(name, ...more);
};
`,
  );
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, ['--require', hook, ...args], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' });
  expect(() => run('--eval', 'require("ajv")')).toThrow('ajv was loaded');
  expect(run('bin/belfry.js', 'check', 'rules')).toMatch(/^valid: \d+ rules/);
});
