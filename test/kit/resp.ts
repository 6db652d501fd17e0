/**
 * Cuts a Redis byte stream into whole messages (RESP2 and RESP3), so that the proxy can pair a reply
 * with the request it answers. Knows lengths and nesting only, never meaning.
 */
const cr = 13;
const simple: ReadonlySet<string> = new Set(["+", "-", ":", "_", "#", ",", "("]);
const blobs: ReadonlySet<string> = new Set(["$", "!", "="]);
const lists: ReadonlySet<string> = new Set(["*", "~", ">"]);
const maps: ReadonlySet<string> = new Set(["%", "|"]);

/** Offset behind the message that begins at `start`; -1 while bytes are missing. */
const messageEnd = (bytes: Buffer, start: number): number => {
  const lineEnd = bytes.indexOf(cr, start);
  if (lineEnd < 0 || lineEnd + 1 >= bytes.length) return -1;
  const after = lineEnd + 2;
  const type = String.fromCharCode(bytes[start] ?? 0);
  if (simple.has(type)) return after;
  const count = Number(bytes.toString("latin1", start + 1, lineEnd));
  if (blobs.has(type)) {
    if (count < 0) return after;
    const end = after + count + 2;
    return end <= bytes.length ? end : -1;
  }
  const items = lists.has(type) ? count : maps.has(type) ? count * 2 : Number.NaN;
  // An inline command ("PING\r\n") is one line.
  if (Number.isNaN(items)) return after;
  let end = after;
  for (let i = 0; i < items; i++) {
    end = messageEnd(bytes, end);
    if (end < 0) return -1;
  }
  // An attribute is followed by the value it speaks of.
  return type === "|" ? messageEnd(bytes, end) : end;
};

export interface RespReader {
  /** Takes bytes in and hands out the messages now complete. */
  push(chunk: Buffer): readonly Buffer[];
}

/** Makes a reader for one direction of one connection. */
export const createRespReader = (): RespReader => {
  let held: Buffer = Buffer.alloc(0);
  return {
    push: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const messages: Buffer[] = [];
      let start = 0;
      while (start < held.length) {
        const end = messageEnd(held, start);
        if (end < 0) break;
        messages.push(held.subarray(start, end));
        start = end;
      }
      held = held.subarray(start);
      return messages;
    },
  };
};

/** First words of a request, at most `most`, the command itself in lower case. */
export const requestWords = (message: Buffer, most = 4): readonly string[] => {
  if (message[0] !== 42) {
    const [command = "", ...rest] = message.toString("latin1").trim().split(" ");
    return [command.toLowerCase(), ...rest].slice(0, most);
  }
  const words: string[] = [];
  let at = message.indexOf(cr) + 2;
  while (words.length < most && at > 1 && at < message.length) {
    const lineEnd = message.indexOf(cr, at);
    const length = Number(message.toString("latin1", at + 1, lineEnd));
    if (!Number.isFinite(length) || length < 0) break;
    const word = message.toString("utf8", lineEnd + 2, lineEnd + 2 + Math.min(length, 200));
    words.push(words.length === 0 ? word.toLowerCase() : word);
    at = lineEnd + 2 + length + 2;
  }
  return words;
};
