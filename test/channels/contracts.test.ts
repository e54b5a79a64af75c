import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type ChannelContract, describeChannelContract } from './contract.ts';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.contract.ts'))
  .toSorted();

for (const file of files) {
  const { contract } = (await import(path.join(import.meta.dirname, file))) as {
    readonly contract: ChannelContract<unknown>;
  };
  describeChannelContract(contract);
}
