/** What a node tells of the process and machine it runs in. */
import { hostname } from "node:os";
import type { NodeInfo } from "../model/node-record.ts";

export const libraryVersion = "0.1.0";

/** Name and version of the JavaScript runtime, such as `bun 1.4.5` or `node 20.20.2`. */
export const runtimeName = (): string => {
  const { versions } = process;
  return versions.bun ? `bun ${versions.bun}` : `node ${versions.node}`;
};

export const processInfo = (): Pick<NodeInfo, "host" | "pid" | "runtime"> => ({
  host: hostname(),
  pid: process.pid,
  runtime: runtimeName(),
});

/** True where `NODE_ENV` is `production`. The environment is read here and nowhere else. */
export const isProduction = (): boolean => process.env["NODE_ENV"] === "production";

export const residentBytes = (): number => process.memoryUsage.rss();
