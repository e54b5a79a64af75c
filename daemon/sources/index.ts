import { files } from './files/files.ts';
import { heartbeat } from './heartbeat/heartbeat.ts';
import { lines } from './lines/lines.ts';
import { schedule } from './schedule.ts';
import type { SourceType } from './source.ts';
import { webhook } from './webhook/webhook.ts';

/** All source types, in alphabetical order. */
export const sourceTypes: readonly SourceType[] = [files, heartbeat, lines, schedule, webhook];
