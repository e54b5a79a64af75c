import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Loads a library at the first call, for synchronous code that not every run of the program needs. */
export function onDemand<Library>(name: string): () => Library {
  let loaded: Library | undefined;
  return () => (loaded ??= require(name) as Library);
}

/** Loads a module that the build has generated beside the program; undefined when there is none, as with the TypeScript sources. */
export function requireGenerated(file: string): unknown {
  try {
    return require(`./${file}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
