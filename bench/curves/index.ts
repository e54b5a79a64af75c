import type { Curve } from '../line.ts';
import { backlog } from './backlog.ts';
import { channels } from './channels.ts';
import { events } from './events.ts';
import { files } from './files.ts';
import { matcher } from './matcher.ts';
import { rules } from './rules.ts';

/** In the order of the document. */
export const curves: readonly Curve[] = [events, channels, backlog, files, matcher, rules];
