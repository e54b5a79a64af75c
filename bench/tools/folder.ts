import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** BELFRY_BENCH_FOLDER says on which disk: what is durable is as fast as the disk is. */
export const temporaryFolder = (): Promise<string> =>
  mkdtemp(path.join(process.env['BELFRY_BENCH_FOLDER'] ?? tmpdir(), 'belfry-bench-'));

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
