import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { cleanUpAfterEach, folderWith } from "../cli-kit.test.ts";
import { findRedisBinary } from "./redis-binary.ts";

cleanUpAfterEach();

/** A program that tells a version as servers do. */
const server = (version: string): string => {
  const folder = folderWith({
    "redis-server": `#!/bin/sh\necho "Redis server v=${version} sha=0"\n`,
  });
  chmodSync(join(folder, "redis-server"), 0o755);
  return folder;
};

describe("the Redis server of the demo", () => {
  test("is the first on PATH that is new enough", async () => {
    const [old, fit] = [server("6.2.14"), server("7.2.4")];
    expect(await findRedisBinary({ PATH: `${old}:${fit}` })).toBe(join(fit, "redis-server"));
  });

  test("may be named outright, and then no other is taken", async () => {
    const named = join(server("8.0.1"), "redis-server");
    expect(await findRedisBinary({ MUSTER_REDIS_SERVER: named })).toBe(named);
    const old = join(server("6.0.0"), "redis-server");
    const search = findRedisBinary({ MUSTER_REDIS_SERVER: old, PATH: server("7.0.0") });
    await expect(search).rejects.toMatchObject({
      code: "REDIS_NOT_FOUND",
      message: `the demo needs redis-server or valkey-server 7.0 or later on PATH; found, but unfit: ${old} (6.0.0)`,
      hint: expect.stringContaining("apt install redis-server"),
    });
  });
});
