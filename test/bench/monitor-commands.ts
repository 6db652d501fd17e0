/** Counts the commands that clients send to a Redis; what scripts call inside is left out. */
import { connect } from "node:net";

/** Listens by MONITOR for the given time and answers the count. */
export const monitorCommands = (port: number, periodMs: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let rest = "";
    let count = 0;
    socket.on("error", reject);
    socket.on("connect", () => socket.write("MONITOR\r\n"));
    socket.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("latin1")).split("\r\n");
      rest = lines.pop() ?? "";
      // "+1732160000.123456 [0 127.0.0.1:50000] "ping"", with "[0 lua]" for calls out of scripts.
      for (const line of lines) if (/^\+\d+\.\d+ \[\d+ (?!lua\])/.test(line)) count += 1;
    });
    setTimeout(() => {
      socket.destroy();
      resolve(count);
    }, periodMs);
  });
