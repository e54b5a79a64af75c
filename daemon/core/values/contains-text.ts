/** Whether any text, number or boolean in a value contains this text, which is in lower case. The names of fields do not count. */
export function containsText(value: unknown, wanted: string): boolean {
  if (typeof value === 'object' && value !== null)
    return Object.values(value).some((item) => containsText(item, wanted));
  return (
    value !== null &&
    String(value as string | number | boolean)
      .toLowerCase()
      .includes(wanted)
  );
}
