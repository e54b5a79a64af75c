// Builds the list of all libraries that are part of the program (SBOM), in CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { librariesOf, readPackage } from '../build/dependencies.mjs';
import { CONSOLE_LIBRARIES } from '../build/licenses.mjs';
import { sourceEpoch } from './epoch.mjs';
import { run } from './run.mjs';

const DEVELOPMENT = 'cdx:npm:package:development';

/** Writes the list; returns its path. It has the libraries of every system, not only of this machine. */
export function buildSbom({ root, target }) {
  const all = JSON.parse(run('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], { cwd: root }));
  const inConsole = new Set(librariesOf(CONSOLE_LIBRARIES, root).map(readPackage).map(reference));
  const isPart = ({ 'bom-ref': ref, properties = [] }) =>
    inConsole.has(ref) || !properties.some(({ name, value }) => name === DEVELOPMENT && value === 'true');
  const components = all.components.filter(isPart);
  const { name, version } = readPackage(root);
  const known = new Set([reference({ name, version }), ...components.map((each) => each['bom-ref'])]);
  // npm writes a random serial number and the time of day, and names the program after its folder.
  const { serialNumber: _, ...rest } = all;
  const document = {
    ...rest,
    metadata: {
      ...all.metadata,
      timestamp: new Date(sourceEpoch(root) * 1000).toISOString(),
      component: { ...all.metadata.component, type: 'application', name },
    },
    components,
    dependencies: all.dependencies
      .filter(({ ref }) => known.has(ref))
      .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((each) => known.has(each)) })),
  };
  const file = path.join(target, `${name}-${version}.cdx.json`);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  return file;
}

const reference = ({ name, version }) => `${name}@${version}`;
