import type { Finding } from '../../schema/mismatch.ts';

/** Takes a finding that does not keep a file from being used. */
export type Warn = (finding: Finding) => void;
