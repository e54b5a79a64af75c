import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFile } from 'node:fs/promises';
import { builtIn, loadChannelTypes } from '../../daemon/channels/index.ts';
import { check } from '../../daemon/cli/check-rules.ts';
import { exampleYaml } from '../../daemon/core/schema/reference/example-yaml.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { contracts } from './all-contracts.ts';
import { applies, describeChannelContract, documentedRefusals } from './contract.ts';
import { refusalsPage } from './refusals-page.ts';

const channelTypes = await loadChannelTypes();

describe.each(channelTypes)('$type', (type) => {
  const own = contracts.filter((contract) => contract.type === type);

  test('has a contract with three documented refusals, or says why it has none', () => {
    expect(own).not.toEqual([]);
    const refusals = own.flatMap((contract) => documentedRefusals(contract));
    const excused = own.some(({ refusals: given }) => given !== undefined && !applies(given));
    expect(refusals.length >= 3 || excused).toBe(true);
    for (const { when, mend } of refusals) for (const text of [when, mend]) expect(text).toMatch(/^\S[^\n|]*[^.\s]$/);
  });

  test('says in at most three steps how to get its key', () => {
    expect(type.setup).toSatisfy((steps: readonly string[]) => steps.length >= 1 && steps.length <= 3);
    for (const step of type.setup ?? []) expect(step).toMatch(/^\S[^\n]{10,}[.。]$/);
  });
});

test('the list has each type under its name', () => {
  expect(channelTypes.map(({ type }) => type)).toEqual(builtIn.loader.names);
});

test('the example of every type loads', async () => {
  const cwd = await temporaryFolder();
  const examples = channelTypes.map((type) => exampleYaml(type).replace('channels:\n', ''));
  await writeFile(path.join(cwd, 'rules.yaml'), ['channels:', ...examples].join('\n'));
  const registry = { channels: channelTypes, sources: [] };
  const { problems } = await check({ paths: ['rules.yaml'], env: {}, cwd, registry, withoutSecrets: true });
  expect(problems).toEqual([]);
  expect(channelTypes.filter(({ example }) => example === undefined)).toEqual([]);
});

test('the table of refusals in the documentation is complete (else: npm run generate)', async () => {
  await expect(await refusalsPage(contracts)).toMatchFileSnapshot('../../docs/reference-refusals.md');
});

for (const contract of contracts) describeChannelContract(contract);
