import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { serveBun } from "./bun.ts";
import { serveNode } from "./node.ts";

const app = { fetch: () => new Response("first") };

/** Serves on a port in a process of its own, and tells what came of it. */
const serveElsewhere = (port: number, how: string, file: string): string => {
  const source = new URL(`./${file}`, import.meta.url).pathname;
  const program = `
    import { ${how} } from ${JSON.stringify(source)};
    try {
      await ${how}({ fetch: () => new Response("second") }, { port: ${port} });
      console.log("served");
    } catch (error) {
      console.log(error.code);
    }
    process.exit();`;
  return spawnSync(process.execPath, ["-e", program], { encoding: "utf8" }).stdout.trim();
};

test.each([
  ["serveBun", "bun.ts", serveBun],
  ["serveNode", "node.ts", serveNode],
] as const)("%s refuses a port that another process has", async (how, file, serve) => {
  const served = await serve(app, { port: 0 });
  expect(serveElsewhere(served.port, how, file)).toBe("EADDRINUSE");
  await served.stop();
});
