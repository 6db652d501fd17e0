/** The command as a process: exit codes, streams, pipes that close, signals, and what it loads. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { guardChild } from "../kit/guard.ts";
import { waitUntil } from "../kit/wait-until.ts";
import { bunPath, musterCommand, runMuster, runtimes, startMuster } from "./program.ts";

/** Answers with more nodes than fit into the buffer of a pipe. */
const many = Array.from({ length: 20_000 }, (_, index) => ({ id: `node-${index}`, state: "up" }));
let server: Server;
let url = "";
beforeAll(async () => {
  server = createServer((request, response) => {
    const body = request.url?.startsWith("/v1/status")
      ? { verdict: "healthy", cluster: "c" }
      : { items: many, asOf: "2025-01-01T00:00:00.000Z", stale: false };
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each([...runtimes])("muster under %s", (runtime) => {
  test("keeps data on stdout and messages on stderr, and ends with the code of its outcome", async () => {
    expect(await runMuster(["status", "-o", "name", "--url", url], { runtime })).toEqual({
      code: 0,
      out: "healthy\n",
      err: "",
    });
    const typo = await runMuster(["sttus"], { runtime });
    expect({ ...typo, err: typo.err.split("\n")[0] }).toEqual({
      code: 2,
      out: "",
      err: "muster: unknown command 'sttus' (Did you mean status?)",
    });
    const gone = await runMuster(["status", "--json", "--url", "http://127.0.0.1:9"], { runtime });
    expect({ code: gone.code, out: gone.out }).toEqual({ code: 7, out: "" });
    expect(JSON.parse(gone.err)).toMatchObject({ error: { code: "UNREACHABLE" } });
  });

  test("reads address and token from the environment", async () => {
    const env = { MUSTER_URL: url, MUSTER_TOKEN: "mst_token" };
    expect((await runMuster(["status"], { runtime, env })).code).toBe(0);
  });

  test("writes out all of a long answer", async () => {
    const { code, out } = await runMuster(["nodes", "-o", "name", "--url", url], { runtime });
    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(many.length + 1);
  });

  test.each(["nodes -o wide --no-headers", "nodes -o json", "nodes -o name --watch"])(
    "%s ends quietly when its reader has seen enough",
    async (command) => {
      const [program, file] = musterCommand(runtime);
      const script = `"$0" "$@" | head -1; echo "codes \${PIPESTATUS[*]}"`;
      const shell = spawn(
        "bash",
        ["-c", script, program, file, ...command.split(" "), "--url", url],
        {
          cwd: "/",
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      guardChild(shell);
      const [out, err] = await Promise.all([text(shell.stdout), text(shell.stderr)]);
      expect({ err, lines: out.split("\n").slice(1) }).toEqual({
        err: "",
        lines: ["codes 0 0", ""],
      });
    },
  );

  test("ends with 130 when a watch is interrupted", async () => {
    const running = startMuster(["status", "--watch", "--json", "--url", url], { runtime });
    await waitUntil("the first line is there", () => running.out() !== "");
    running.signal("SIGINT");
    const { code, out } = await running.ended;
    expect({ code, lines: out.trim().split("\n").length }).toEqual({ code: 130, lines: 1 });
  });
});

test("the built program runs under Bun too, and by its own first line", async () => {
  const bin = fileURLToPath(new URL("../../packages/cli/bin/muster.js", import.meta.url));
  for (const [program, ...args] of [[bunPath, bin], [bin]]) {
    const out = execFileSync(program ?? "", [...args, "version"], { encoding: "utf8", cwd: "/" });
    expect(out).toMatch(/^muster \d+\.\d+\.\d+ \((bun|node) /);
  }
});

test.each([["--help"], ["apps --help"], ["status --url http://127.0.0.1:9"]])(
  "%s loads no part that would keep its first output waiting",
  (command) => {
    const [program, file] = musterCommand("node");
    const folder = mkdtempSync(join(tmpdir(), "muster-loaded-"));
    try {
      spawnSync(program, [file, ...command.split(" ")], {
        cwd: "/",
        env: { ...process.env, NODE_V8_COVERAGE: folder },
      });
      const loaded = readdirSync(folder).flatMap((name) => {
        const { result } = JSON.parse(readFileSync(join(folder, name), "utf8"));
        return (result as { readonly url: string }[]).map(({ url }) => url);
      });
      expect(loaded.some((url) => url.includes("/commander/"))).toBe(true);
      const heavy = /\/(ioredis|zod|hono|@msgpack|yaml)\/|packages\/(core|http|redis-adapter)\//;
      expect(loaded.filter((url) => heavy.test(url))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
