/** Parts of a JSON text that are stored as other texts (`engine/stored-text.ts`). */
const STORED_OTHERWISE = /\\u[0-9a-f]{4}|\ue000/;

/** The longest part of a JSON text that is stored as it is. Every document with the text has it. */
export function storedPart(json: string): string {
  return longestOf(json.split(STORED_OTHERWISE));
}

/**
 * The longest part of a searched text that SQL finds in every document that contains the text in upper or lower case: `lower` of
 * JavaScript and of the server differ for letters outside of ASCII. As it is written in JSON, in lower case.
 */
export function searchableRun(text: string): string {
  const json = JSON.stringify(text.toLowerCase()).slice(1, -1);
  const runs = json.split(STORED_OTHERWISE).flatMap((part) => {
    const found = [''];
    for (const character of part) {
      if (isSafe(character)) found[found.length - 1] += character;
      else found.push('');
    }
    return found;
  });
  return longestOf(runs);
}

/** A character that no other character becomes in lower case, apart from ASCII letters: ASCII, and letters without a case. */
function isSafe(character: string): boolean {
  if (character.codePointAt(0)! < 0x80) return true;
  // A combining dot above is part of the lower case of a capital i with a dot.
  return character !== '\u0307' && character.toUpperCase() === character && character.toLowerCase() === character;
}

const longestOf = (texts: readonly string[]): string =>
  texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
