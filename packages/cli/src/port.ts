/** Ports as people type them, and free ones. */
import { createServer } from "node:net";
import { CliError, usageError } from "./cli-error.ts";

export const defaultPort = 7300;

/** Parses a port; 0 asks for a free one. @throws CliError `USAGE` */
export const parsePort = (from: string, text: string): number => {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw usageError(
    `${from} "${text}" is no port`,
    "Ports are numbers from 0 (any free one) to 65535.",
  );
};

/** Whether a port can be listened on now. */
export const isPortFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });

/** The error for a port that is taken. */
export const portTaken = (host: string, port: number, cause?: unknown): CliError =>
  new CliError("PORT_TAKEN", `port ${port} on ${host} is taken by another process`, {
    hint: "Give another one by --port; 0 takes a free one.",
    cause,
  });

/** Finds a port nobody listens on; another process may take it before it is used. */
export const freePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
