import type { FuzzedParser } from '../parser.ts';
import { addresses } from './addresses.ts';
import { brokers } from './brokers.ts';
import { clients } from './clients.ts';
import { events } from './events.ts';
import { expressions } from './expressions.ts';
import { providers } from './providers.ts';
import { servers } from './servers.ts';
import { rules } from './rules.ts';
import { state } from './state.ts';
import { times } from './times.ts';

/** All parsers that get random input, the most exposed first. */
export const parsers: readonly FuzzedParser[] = [
  ...events,
  ...clients,
  ...expressions,
  ...rules,
  ...times,
  ...addresses,
  ...state,
  ...providers,
  ...brokers,
  ...servers,
];
