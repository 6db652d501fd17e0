/** Records what a server is sent between `start` and `stop`, by MONITOR. */
import { connect } from "node:net";
import { type MonitoredCommand, parseMonitorLine } from "./monitor-line.ts";

export interface Recording {
  /** Ends it once the server has told everything up to now. */
  stop(): Promise<readonly MonitoredCommand[]>;
}

/** Resolves when the server has begun to tell. `ping` sends it one command with the given word. */
export const startRecording = async (
  port: number,
  ping: (word: string) => Promise<unknown>,
): Promise<Recording> => {
  const socket = connect({ port, host: "127.0.0.1" });
  const chunks: Buffer[] = [];
  const mark = `end-of-recording-${port}`;
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("connect", () => socket.write("MONITOR\r\n"));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      resolve();
    });
  });
  return {
    stop: async () => {
      const told = new Promise<void>((resolve) => {
        let tail = "";
        socket.on("data", (chunk: Buffer) => {
          tail = (tail + chunk.toString("latin1")).slice(-1_000_000);
          if (tail.includes(mark)) resolve();
        });
      });
      await ping(mark);
      await told;
      socket.destroy();
      return Buffer.concat(chunks)
        .toString("latin1")
        .split("\r\n")
        .flatMap((line) => parseMonitorLine(line) ?? []);
    },
  };
};
