// Generates validators for all known schemas as code, so that a start compiles no schema.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import standalone from 'ajv/dist/standalone/index.js';
import { loadChannelTypes } from '../dist/channels/index.js';
import { knownSchemas } from '../dist/core/schema/validators/known-schemas.js';
import { fileOf, schemaCompiler } from '../dist/core/schema/validators/validator.js';
import { sourceTypes } from '../dist/sources/index.js';

/** Writes a CommonJS module for each schema into a folder. The compiler has the same options as at run time, so that both report the same errors. */
export async function writeValidators(folder) {
  for (const schema of knownSchemas({ channels: await loadChannelTypes(), sources: sourceTypes })) {
    const file = path.join(folder, fileOf(schema));
    const ajv = schemaCompiler({ source: true });
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, standalone.default(ajv, ajv.compile(schema)));
  }
}
