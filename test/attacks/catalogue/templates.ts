import type { Row } from './row.ts';

export const templates = [] as const satisfies readonly Row[];
