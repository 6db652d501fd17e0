/**
 * Makes text from outside safe for a terminal: what an app or a node has supplied must not move the
 * cursor, change colours or break a line.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const visible = (char: string): string => {
  if (char === "\n") return "\\n";
  if (char === "\t") return " ";
  return `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
};

/** Shows control and direction characters instead of sending them. */
export const plainText = (text: string): string => text.replace(control, visible);
