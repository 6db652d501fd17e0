/** The example runs to its end and prints what its README says. */
import { expect, test } from "bun:test";

/** Lines that the nodes print at the same time, in any order. */
const isHook = (line: string): boolean => /^web-\d (enables|disables) /.test(line);

test("the example tells its story", async () => {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/main.ts`], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.filter((line) => !isHook(line))).toEqual([
    "— install through web-1, switched off",
    "web-3 says: no greeter here",
    "— enable through web-2",
    "web-1 says: hello, mei",
    "web-3 says: hello, mei",
    "— one node stops and comes back: intent is not its own",
    "greeter is wanted enabled since ivan said so: customers asked",
    "— an app that one node cannot enable",
    "  web-1: wanted enabled, is auto_enabled",
    "  web-2: wanted enabled, is auto_enabled",
    "  web-3: wanted enabled, is invalid_license_disabled",
    "web-3 says: hello, mei",
    "stopped",
  ]);
  expect(lines.filter(isHook).toSorted()).toEqual([
    "web-1 disables gdpr (shutdown)",
    "web-1 disables greeter (shutdown)",
    "web-1 enables gdpr (start)",
    "web-1 enables greeter (intent)",
    "web-2 disables gdpr (shutdown)",
    "web-2 disables greeter (shutdown)",
    "web-2 enables gdpr (start)",
    "web-2 enables greeter (intent)",
    "web-3 disables greeter (shutdown)",
    "web-3 disables greeter (shutdown)",
    "web-3 enables greeter (intent)",
    "web-3 enables greeter (start)",
  ]);
}, 30_000);
