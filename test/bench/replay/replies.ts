/** Finds where replies of Redis end, and whether they say that a script did its work. */

const lineEnd = (bytes: Buffer, at: number): number => bytes.indexOf("\r\n", at);

/** Index behind the reply that begins at `at`; -1 where the rest of it has not come yet. */
export const endOfReply = (bytes: Buffer, at: number): number => {
  const end = lineEnd(bytes, at);
  if (end < 0) return -1;
  const type = String.fromCharCode(bytes[at] ?? 0);
  const count = Number(bytes.toString("latin1", at + 1, end));
  if (type === "$") {
    const next = count < 0 ? end + 2 : end + 2 + count + 2;
    return next <= bytes.length ? next : -1;
  }
  let next = end + 2;
  if (type === "*") {
    for (let n = 0; n < count && next >= 0; n++) next = endOfReply(bytes, next);
  }
  return next;
};

/** Calls `each` with every whole reply of a connection's bytes. */
export const createReplyReader = (each: (reply: Buffer) => void): ((chunk: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const end = endOfReply(bytes, at);
      if (end < 0) break;
      each(bytes.subarray(at, end));
      at = end;
    }
    rest = bytes.subarray(at);
  };
};

/** Whether a script answered that it did its work: its first integer is 0. */
export const isDone = (reply: Buffer): boolean => {
  const end = lineEnd(reply, 0);
  return reply[0] === 0x2a && reply.toString("latin1", end + 2, end + 6) === ":0\r\n";
};
