import type { Row } from './row.ts';

export const api = [] as const satisfies readonly Row[];
