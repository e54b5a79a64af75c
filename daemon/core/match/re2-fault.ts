/** Message and mend for an expression that RE2 does not compile. */
export function re2Fault(pattern: string, error: unknown): { readonly message: string; readonly mend: string } {
  return {
    message: `it is not an RE2 expression (${(error as Error).message})`,
    mend: UNSUPPORTED.test(pattern)
      ? 'RE2 has no look-around and no back-references: test what must be there, and use a separate `not` or `!` for what must not'
      : 'mend the RE2 expression; in YAML single quotes keep its backslashes',
  };
}

/** Look-ahead, look-behind, back-references. */
const UNSUPPORTED = /\(\?<?[=!]|\\[1-9]|\\k</;
