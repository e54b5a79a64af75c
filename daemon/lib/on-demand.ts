import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** A library that is loaded by the first call: for synchronous code that not every run of the program needs. */
export function onDemand<Library>(name: string): () => Library {
  let loaded: Library | undefined;
  return () => (loaded ??= require(name) as Library);
}

/** Loads a module of the folder that holds the program; undefined when there is no such file, as where TypeScript runs. */
export function requireGenerated(file: string): unknown {
  try {
    return require(`./${file}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
