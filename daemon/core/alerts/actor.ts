/**
 * Name of the person who did something, for the record. A request with a token proves the name of the token; the name that a
 * request gives itself is a claim, so with a token both are kept: `ann (token phone)`. Undefined when neither is known.
 */
export function actorName(claimed: string | undefined, token: string | undefined): string | undefined {
  if (claimed === undefined || token === undefined || claimed === token) return claimed ?? token;
  return `${claimed} (token ${token})`;
}
