/** Parts of the result of a reload. */
interface Reloaded {
  readonly ok: boolean;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly problems: readonly unknown[];
}

/** Details of a reload in the audit log. */
export function reloadDetails({ ok, added, changed, removed, problems }: Reloaded): Readonly<Record<string, unknown>> {
  return { ok, added, changed, removed, problems: problems.length };
}
