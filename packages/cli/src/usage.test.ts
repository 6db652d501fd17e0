/** What is typed wrong is refused with 2 and the remedy, before anything is asked or changed. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { muster } from "./cli-kit.test.ts";
import { nouns } from "./commands/index.ts";

describe("a command line that is wrong", () => {
  test.each([
    [["statsu"], "unknown command 'statsu' (Did you mean status?)"],
    [["app"], "unknown command 'app' (Did you mean apps?)"],
    [["apps", "instal", "x"], "unknown command 'instal' (Did you mean install?)"],
    [["nodes", "--url", "http://h", "drian", "x"], "(Did you mean drain?)"],
    [["status", "--jsno"], "unknown option '--jsno' (Did you mean --json?)"],
    [["nodes", "--bogus"], "unknown option '--bogus'"],
    [["nodes", "get"], "missing required argument 'node'"],
    [["nodes", "get", "a", "b"], "too many arguments"],
    [["status", "extra"], "too many arguments"],
    [["status", "--url"], "option '--url <url>' argument missing"],
    [["--url", "--json", "status"], "--url has no value"],
    [["apps", "enable", "x", "--reason", "-y"], "--reason has no value"],
    [["status", "-o", "xml"], "-o xml is not a format"],
    [["status", "-o", "yaml", "--json"], "contradict each other"],
    [["status", "--timeout", "soon"], '--timeout "soon" is no duration'],
    [["status", "--timeout", "-5"], "--timeout"],
    [["status", "--url", "localhost:1"], "must begin with http:// or https://"],
    [["status", "--url", "nowhere"], '"nowhere" is no URL'],
    [["status", "--url", "http://me:secret@h"], "must not hold a name or password"],
    [["status", "--url", "http://h/?a=1"], 'must end before "?a=1"'],
    [["apps", "enable", "x", "--reason", " "], "--reason must be 1 to 500 characters long"],
    [["demo", "--nodes", "none"], '--nodes "none" must be a number from 1 to 9'],
    [["demo", "--port", "70000"], '--port "70000" is no port'],
    [["demo", "--once", "--nodes", "2"], "--once needs at least 3 nodes"],
    [["demo", "--dry-run"], "--dry-run is for commands that change something"],
    [["dev", "--watch"], "--watch is for commands that show something"],
    [["version", "-w"], "--watch is for commands that show something"],
    [["token"], "muster token needs a verb"],
    [["token", "new"], "required option '--name <name>' not specified"],
    [["token", "new", "--name", "x", "--role", "root"], "--role root is not known"],
  ])("%p ends with 2", async (args, message) => {
    const { code, out, err } = await muster(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(message);
  });

  test("is told as JSON where JSON was asked for, and nothing else", async () => {
    for (const args of [
      ["statsu", "--json"],
      ["token", "-o", "json"],
      ["status", "--json", "-o", "yaml"],
    ]) {
      const { code, out, err } = await muster(args);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(JSON.parse(err)).toMatchObject({ error: { code: "USAGE", requestId: null } });
    }
  });

  test("never is a fault of this program", async () => {
    const words = fc.oneof(
      fc.constantFrom("status", "nodes", "apps", "token", "list", "get", "new", "hash", "install"),
      fc.constantFrom(
        "--json",
        "-o",
        "wide",
        "-w",
        "--url",
        "--reason",
        "--set",
        "--",
        "-",
        "=",
        "--version",
      ),
      fc.string({ maxLength: 12 }),
      fc.string({ unit: "binary", maxLength: 6 }),
    );
    // Port 9 of loopback is not listened on, so that whatever is asked is answered at once.
    const env = { MUSTER_URL: "http://127.0.0.1:9", MUSTER_CLUSTER: "c" };
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 6 }), async (args) => {
        if (args.some((word) => ["demo", "dev", "serve"].includes(word))) return;
        const { code, err } = await muster([...args, "--no-input", "--timeout", "1s"], { env });
        expect([0, 2, 7, 8]).toContain(code);
        expect(err).not.toContain("fault of the program");
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});

describe("help", () => {
  test("names every command, the flags and the exit codes", async () => {
    for (const args of [[], ["--help"], ["help"], ["-h"]]) {
      const { code, out } = await muster(args);
      expect(code).toBe(0);
      for (const { name } of nouns) expect(out).toContain(`\n  ${name} `);
      expect(out).toContain("Exit codes: 0 done");
    }
  });

  test.each([
    [["apps", "--help"], "install [options] <app>"],
    [["help", "apps"], "install [options] <app>"],
    [["apps", "install", "--help"], "--set <key=value...>"],
    [["nodes", "-h"], "drain <node>"],
    [["serve", "--help"], "MUSTER_REDIS_URL"],
    [["demo", "--help"], "--once"],
  ])("%p ends with 0", async (args, expected) => {
    const { code, out, err } = await muster(args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(expected);
  });

  test("does not show what only this program passes to itself", async () => {
    for (const noun of ["serve", "dev"]) {
      expect((await muster([noun, "--help"])).out).not.toContain("supervised");
    }
  });
});

test.each([[["version"]], [["--version"]], [["-V"]]])("%p tells the version", async (args) => {
  const { code, out } = await muster(args);
  expect(code).toBe(0);
  expect(out).toMatch(/^muster \d+\.\d+\.\d+ \(bun /);
});
