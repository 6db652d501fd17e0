/** The real process as commands see it: streams, signals, a terminal to ask at. */
import { interrupted } from "./cli-error.ts";
import type { Io } from "./io.ts";

const isClosedPipe = (error: Error): boolean =>
  "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");

/** Makes the process's own {@link Io}. Call it once. */
export const processIo = (): Io => {
  const interrupt = new AbortController();
  const terminate = new AbortController();
  const closed = { out: false, err: false };
  let hosting = false;

  // A reader that has seen enough, such as `head -1`, is no failure.
  process.stdout.on("error", (error) => {
    if (!isClosedPipe(error)) throw error;
    closed.out = true;
    if (!hosting) process.exit();
  });
  process.stderr.on("error", (error) => {
    if (!isClosedPipe(error)) throw error;
    closed.err = true;
  });
  let interrupts = 0;
  process.on("SIGINT", () => {
    interrupts += 1;
    // Whoever presses it again does not want to wait for an orderly end. What a demo has started
    // is then ended by its guard.
    if (interrupts > 1) process.exit(130);
    interrupt.abort(interrupted());
  });

  return {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => {
      if (!closed.out) process.stdout.write(text);
    },
    err: (text) => {
      if (!closed.err) process.stderr.write(text);
    },
    outIsTerminal: process.stdout.isTTY === true,
    get canAsk() {
      return process.stdin.isTTY === true && process.stderr.isTTY === true;
    },
    ask: async (question) => {
      const { createInterface } = await import("node:readline");
      const lines = createInterface({ input: process.stdin, output: process.stderr });
      return await new Promise((resolve, reject) => {
        lines.once("SIGINT", () => {
          interrupt.abort(interrupted());
          reject(interrupted());
          lines.close();
        });
        lines.once("close", () => resolve(undefined));
        lines.question(question, (answer) => {
          resolve(answer);
          lines.close();
        });
      });
    },
    readAll: async () => {
      let text = "";
      for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
      return text;
    },
    interrupt: interrupt.signal,
    terminate: terminate.signal,
    host: () => {
      if (hosting) return;
      hosting = true;
      for (const signal of ["SIGTERM", "SIGHUP"] as const) {
        process.on(signal, () => terminate.abort());
      }
    },
  };
};
