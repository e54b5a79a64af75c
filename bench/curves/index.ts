import type { Curve } from '../line.ts';
import { backlog } from './backlog.ts';
import { channels } from './channels.ts';
import { clients } from './clients.ts';
import { events } from './events.ts';
import { files } from './files.ts';
import { matcher } from './matcher.ts';
import { rules } from './rules.ts';

/** Curves in the order of the document. */
export const curves: readonly Curve[] = [events, channels, clients, backlog, matcher, rules, files];
