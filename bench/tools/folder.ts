import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Temporary folder. BELFRY_BENCH_FOLDER chooses the disk, on which durable writes depend. */
export const temporaryFolder = (): Promise<string> =>
  mkdtemp(path.join(process.env['BELFRY_BENCH_FOLDER'] ?? tmpdir(), 'belfry-bench-'));

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });
