import type { Curve } from '../line.ts';

/** In the order of the document. */
export const curves: readonly Curve[] = [];
