/** Reads lines of MONITOR back into commands, byte for byte. */

export interface MonitoredCommand {
  /** Address of the client that sent it. */
  readonly client: string;
  readonly words: readonly Buffer[];
}

const letters: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
};
const unescaped = (text: string): Buffer =>
  Buffer.from(
    text.includes("\\")
      ? text.replace(/\\(x[0-9a-f]{2}|.)/g, (_, code: string) =>
          code.length === 3
            ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
            : (letters[code] ?? code),
        )
      : text,
    "latin1",
  );

/** A line as `+1732160000.12 [0 127.0.0.1:5000] "get" "k\x00"`; `undefined` for calls out of scripts. */
export const parseMonitorLine = (line: string): MonitoredCommand | undefined => {
  const head = /^\+\d+\.\d+ \[\d+ ([^\]]+)\] /.exec(line);
  const client = head?.[1];
  if (head === null || client === undefined || client === "lua") return undefined;
  const words: Buffer[] = [];
  for (const [, word = ""] of line.slice(head[0].length).matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
    words.push(unescaped(word));
  }
  return { client, words };
};
