import { files } from './files/files.ts';
import { heartbeat } from './heartbeat/heartbeat.ts';
import { lines } from './lines/lines.ts';
import { schedule } from './schedule.ts';
import type { SourceType } from './source.ts';
import { webhook } from './webhook/webhook.ts';

/** Every way in that a rules file can configure. A new source is a file of its own and a line here. */
export const sourceTypes: readonly SourceType[] = [files, heartbeat, lines, schedule, webhook];
