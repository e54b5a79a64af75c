import type { Row } from './row.ts';

export const ingress = [
  { id: 'A1', attack: 'a request without a signature', answer: '401, and nothing is stored' },
] as const satisfies readonly Row[];
