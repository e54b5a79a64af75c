import { bytes, type Limit, number } from '../../core/schema/reference/limit.ts';
import { MAX_OPEN } from './read-loop.ts';

/** Bytes of one line. */
export const MAX_LINE = 512 * 1024;

/** Limits of the files of a `lines` source. */
export const limits: readonly Limit[] = [
  {
    name: 'line_bytes',
    of: '`max_line` of a `lines` source',
    most: bytes(MAX_LINE),
    beyond: '`belfry check` refuses it; a longer line is cut and marked',
  },
  {
    name: 'line_files',
    of: 'Files that a `lines` source keeps open',
    most: number(MAX_OPEN),
    beyond: 'idle ones are closed, and opened again when they grow',
  },
];
