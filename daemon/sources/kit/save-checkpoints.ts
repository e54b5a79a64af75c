import type { Checkpoint, SourceIo } from '../source.ts';

const MAX_BATCH = 1000;

/** Saves any number of checkpoints in batches, in their order, so that no transaction becomes too large. */
export async function saveInBatches(io: SourceIo, checkpoints: Iterable<Checkpoint>): Promise<void> {
  let batch: Checkpoint[] = [];
  for (const checkpoint of checkpoints) {
    batch.push(checkpoint);
    if (batch.length < MAX_BATCH) continue;
    await io.saveCheckpoints(batch);
    batch = [];
  }
  if (batch.length > 0) await io.saveCheckpoints(batch);
}
