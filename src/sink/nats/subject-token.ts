/** A token of a NATS subject: letters, digits, `_` and `-` as they are, all else percent-encoded. */
export function subjectToken(text: string): string {
  return encodeURIComponent(text).replaceAll(/[.*~!'()]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}
