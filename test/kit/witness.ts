/** Records effects outside the fence: what really happened, whoever was entitled to do it. */
import { createServer } from "node:http";

export interface Witnessed {
  readonly key: string;
  readonly node: string;
  readonly fence: string;
  readonly attempt: number;
}

export interface Witness {
  readonly url: string;
  readonly records: readonly Witnessed[];
  /** How often a key was recorded. */
  times(key: string): number;
  close(): Promise<void>;
}

/** Starts a witness on a free loopback port; it records at once and answers after `delayMs`. */
export const startWitness = async (delayMs = 0): Promise<Witness> => {
  const records: Witnessed[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      records.push(JSON.parse(body) as Witnessed);
      setTimeout(() => response.end("recorded"), delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    records,
    times: (key) => records.filter((record) => record.key === key).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
