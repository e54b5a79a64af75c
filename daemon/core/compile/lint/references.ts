const variable = (name: string): string => `\`\${env:${name}}\``;

/** How other tools write a reference to a secret or a variable, and how it is written here. */
const WRITTEN_ELSEWHERE: readonly (readonly [pattern: RegExp, reference: (name: string) => string])[] = [
  [/^\$([A-Za-z_]\w*)$/, variable],
  [/^\$\(([A-Za-z_]\w*)\)$/, variable],
  [/^%([A-Za-z_]\w*)%$/, variable],
  [/^\{\{\s*(?:env|secrets)\.([A-Za-z_]\w*)\s*\}\}$/, variable],
  // The whole text is the value of a secret, and masked in what is said about it.
  [/^((?:env|file|credential):[\w./~-]+)$/, () => '`${...}` around it'],
];
/** Outside of secrets only what is hardly ever meant as it stands. */
const VARIABLE = /^\$([A-Z_][A-Z0-9_]*)$/;

/** The reference that was probably meant by a text that looks like one. */
export function referenceMeant(text: string, isSecret: boolean): string | undefined {
  if (!isSecret) {
    const name = VARIABLE.exec(text)?.[1];
    return name === undefined ? undefined : variable(name);
  }
  for (const [pattern, mend] of WRITTEN_ELSEWHERE) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return mend(name);
  }
  return undefined;
}
