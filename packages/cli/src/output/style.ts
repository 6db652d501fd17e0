/** Colours, where they are wanted. */
import picocolors from "picocolors";

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

export const createPaint = (colors: boolean): Paint => {
  const { green, red, yellow, dim, bold } = picocolors.createColors(colors);
  return { good: green, bad: red, warn: yellow, dim, bold };
};
