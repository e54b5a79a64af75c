import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Loads a library synchronously when it is first needed: for code that seldom needs it and cannot wait for `import()`. */
export const requireLibrary: (name: string) => unknown = require;

/** Loads a module of the folder that holds the program; undefined when there is no such file, as where TypeScript runs. */
export function requireGenerated(file: string): unknown {
  try {
    return require(`./${file}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
