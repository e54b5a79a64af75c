/** Text of an event for a message, cut and without control characters. The caller scrubs it first: a cut secret could not be recognized. */
export function shownText(text: string, max: number): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, max);
}
