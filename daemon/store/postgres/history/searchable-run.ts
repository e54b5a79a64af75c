/** A character that no other character becomes in lower case, apart from ASCII letters: ASCII, and letters without a case. */
function isSafe(character: string): boolean {
  if (character.codePointAt(0)! < 0x80) return true;
  // A combining dot above is part of the lower case of a capital i with a dot.
  return character !== '\u0307' && character.toUpperCase() === character && character.toLowerCase() === character;
}

/**
 * The longest part of a searched text that SQL finds in every document that contains the text in upper or lower case: `lower` of
 * JavaScript and of the server differ for letters outside of ASCII. As it is written in JSON, in lower case.
 */
export function searchableRun(text: string): string {
  const json = JSON.stringify(text.toLowerCase()).slice(1, -1);
  let longest = '';
  let run = '';
  for (const character of json) {
    run = isSafe(character) ? run + character : '';
    if (run.length > longest.length) longest = run;
  }
  return longest;
}
