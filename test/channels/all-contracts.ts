import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { ChannelContract } from './contract.ts';

type Contracts = ChannelContract<unknown> | readonly ChannelContract<unknown>[];

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.contract.ts'))
  .toSorted();

/** Contracts of all channel types, one for each way of sending. */
export const contracts: ChannelContract<unknown>[] = [];
for (const file of files) {
  const { contract } = (await import(path.join(import.meta.dirname, file))) as { readonly contract: Contracts };
  contracts.push(...[contract].flat());
}
