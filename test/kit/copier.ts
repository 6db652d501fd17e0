/** Sends requests to a server once more, over a connection of its own, and counts its answers. */
import { connect } from "node:net";
import { createRespReader } from "./resp.ts";

export interface Copier {
  /** Sends a copy after so many milliseconds. */
  send(request: Buffer, afterMs: number): void;
  close(): void;
}

/** First number of an answer (`*2 :0 …` is "0"), or its first line, such as an error's. */
const headOf = (answer: Buffer): string => {
  const [first = "", second = ""] = answer.toString("latin1", 0, 80).split("\r\n");
  return second.startsWith(":") ? second.slice(1) : first;
};

/** Connects; `answers` is counted up by each answer. */
export const startCopier = (port: number, answers: Map<string, number>): Copier => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const reader = createRespReader();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  socket.on("data", (chunk: Buffer) => {
    for (const answer of reader.push(chunk)) {
      const head = headOf(answer);
      answers.set(head, (answers.get(head) ?? 0) + 1);
    }
  });
  socket.on("error", () => {});
  return {
    send: (request, afterMs) => {
      // The bytes belong to a buffer that is used again.
      const copy = Buffer.from(request);
      const timer = setTimeout(() => {
        timers.delete(timer);
        socket.write(copy);
      }, afterMs);
      timers.add(timer);
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      socket.destroy();
    },
  };
};
