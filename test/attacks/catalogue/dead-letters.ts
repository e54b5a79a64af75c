import type { Row } from './row.ts';

export const deadLetters = [] as const satisfies readonly Row[];
