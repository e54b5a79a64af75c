import type { Row } from './row.ts';

export const answers = [] as const satisfies readonly Row[];
