import { describe, expect, test } from "bun:test";
import {
  type Asked,
  cleanUpAfterEach,
  fakeNode,
  folderWith,
  muster,
  problem,
} from "../cli-kit.test.ts";

cleanUpAfterEach();

const app = {
  id: "crm",
  version: "1.0.0",
  desiredStatus: "enabled",
  generation: 3,
  intentId: "i-3",
  management: "enforce",
  converged: false,
  drifted: 2,
  changedBy: "rosa",
  changedAt: "2025-01-01T00:00:00.000Z",
  reason: "first",
};
const row = (nodeId: string, more = {}) => ({
  appId: "crm",
  nodeId,
  desiredStatus: "enabled",
  initStatus: "auto_enabled",
  converged: true,
  reason: null,
  stale: false,
  ...more,
});
const rows = [
  row("web-1"),
  row("web-2", {
    initStatus: "error_disabled",
    converged: false,
    reason: { code: "hook_failed", message: "ECONNREFUSED" },
  }),
];
const page = (items: readonly unknown[]) => ({
  items,
  asOf: "2025-01-01T00:00:00.000Z",
  stale: false,
});

const cluster = () =>
  fakeNode(({ method, path }: Asked) => {
    if (method === "POST") {
      return path === "/v1/apps" ? { status: 201, body: app } : { body: { app, changed: true } };
    }
    if (path === "/v1/apps") return { body: page([app]) };
    if (path === "/v1/apps/crm") return { body: { ...app, nodes: rows } };
    if (path === "/v1/apps/crm/status") return { body: page(rows) };
    if (path === "/v1/status/apps") {
      return {
        body: { crm: [{ instanceId: "web-1", desiredStatus: "enabled", initStatus: "unknown" }] },
      };
    }
    return problem(404, "APP_NOT_FOUND");
  });
const posts = (asked: readonly Asked[]) => asked.filter(({ method }) => method === "POST");

describe("muster apps", () => {
  test("lists apps with what is wanted and whether all nodes agree", async () => {
    const { url } = await cluster();
    expect((await muster(["apps", "--url", url])).out).toBe(
      "APP  VERSION  DESIRED  AGREED     GENERATION\ncrm  1.0.0    enabled  no: 2 off  3\n",
    );
  });

  test("hands filters on", async () => {
    const { url, asked } = await cluster();
    const filters = ["--desired", "enabled", "--status", "unknown", "--reason-code", "refused"];
    await muster([
      "apps",
      ...filters,
      "--drifted",
      "--node",
      "web-1",
      "--match",
      "a b",
      "--url",
      url,
    ]);
    expect(asked[0]?.query).toEqual({
      desired: "enabled",
      initStatus: "unknown",
      reason: "refused",
      drifted: "true",
      node: "web-1",
      q: "a b",
    });
  });

  test("gets one app with the rows of its nodes", async () => {
    const { url } = await cluster();
    expect((await muster(["apps", "get", "crm", "--url", url])).out).toBe(
      [
        "APP  VERSION  DESIRED  AGREED     GENERATION",
        "crm  1.0.0    enabled  no: 2 off  3",
        "set by rosa at 2025-01-01T00:00:00.000Z: first",
        "",
        "NODE   STATUS          AGREED  WHY",
        "web-1  auto_enabled    yes     -",
        "web-2  error_disabled  no      hook_failed: ECONNREFUSED",
        "",
      ].join("\n"),
    );
  });

  test("shows the status of one app, and of all", async () => {
    const { url } = await cluster();
    const { out } = await muster(["apps", "status", "crm", "--url", url]);
    expect(out).toContain(
      "crm  web-2  enabled  error_disabled  no      hook_failed: ECONNREFUSED\n",
    );
    const all = await muster(["apps", "status", "--url", url]);
    expect(all.out).toBe("APP  NODE   DESIRED  STATUS\ncrm  web-1  enabled  unknown\n");
  });

  test("ends with 5 for an app that is not there", async () => {
    const { url } = await cluster();
    expect(await muster(["apps", "get", "nope", "--url", url])).toEqual({
      code: 5,
      out: "",
      err: "muster: it is APP_NOT_FOUND\n  request r-1\n",
    });
  });
});

describe("muster apps enable and disable", () => {
  test("send the reason and say what came of it", async () => {
    const { url, asked } = await cluster();
    const { code, out, err } = await muster([
      "apps",
      "enable",
      "crm",
      "--reason",
      "demo",
      "--url",
      url,
    ]);
    expect(posts(asked)).toMatchObject([{ path: "/v1/apps/crm/enable", body: { reason: "demo" } }]);
    expect(code).toBe(0);
    expect(out).toStartWith("APP");
    expect(err).toContain("crm is to be enabled, generation 3");
  });

  test("need a reason, and send nothing without one", async () => {
    const { url, asked } = await cluster();
    expect(await muster(["apps", "disable", "crm", "--url", url])).toEqual({
      code: 2,
      out: "",
      err: 'muster: disable crm needs a reason\n  Say why: --reason "…"\n',
    });
    expect(asked).toEqual([]);
  });

  test("ask for the reason at a terminal", async () => {
    const { url, asked } = await cluster();
    const { code, err } = await muster(["apps", "disable", "crm", "--url", url], {
      answers: ["too slow"],
    });
    expect({ code, body: asked[0]?.body }).toEqual({ code: 0, body: { reason: "too slow" } });
    expect(err).toStartWith("Why disable crm? ");
  });

  test.each([[""], [undefined]])("end with 9 when the answer is %p", async (answer) => {
    const { url, asked } = await cluster();
    const args = ["apps", "disable", "crm", "--url", url];
    expect((await muster(args, { answers: [answer] })).code).toBe(9);
    expect(asked).toEqual([]);
  });

  test("do not ask with --no-input", async () => {
    const { url } = await cluster();
    const args = ["apps", "disable", "crm", "--no-input", "--url", url];
    expect((await muster(args, { answers: ["never read"] })).code).toBe(2);
  });

  test("with --dry-run send no change and say what it would be", async () => {
    const { url, asked } = await cluster();
    const { code, err } = await muster(["apps", "disable", "crm", "--dry-run", "--url", url]);
    expect({ code, posts: posts(asked) }).toEqual({ code: 0, posts: [] });
    expect(err).toBe("muster: dry run: disable crm; generation 3 would become 4\n");
    const held = await muster(["apps", "enable", "crm", "--dry-run", "--url", url]);
    expect(held.err).toContain("is to be enabled already");
  });

  test("say nothing but data with -q", async () => {
    const { url } = await cluster();
    const args = ["apps", "enable", "crm", "--reason", "r", "-q", "-o", "name", "--url", url];
    expect(await muster(args)).toEqual({ code: 0, out: "crm\n", err: "" });
  });

  test("refuse --watch", async () => {
    const { url, asked } = await cluster();
    const args = ["apps", "enable", "crm", "-w", "--reason", "r", "--url", url];
    expect({ code: (await muster(args)).code, asked }).toEqual({ code: 2, asked: [] });
  });

  test("say that the outcome is not known when no answer came in time", async () => {
    const { url } = await fakeNode(() => ({ body: "", hang: true }));
    const args = ["apps", "enable", "crm", "--reason", "r", "--timeout", "80ms", "--url", url];
    const { code, err } = await muster(args);
    expect(code).toBe(8);
    expect(err).toContain("whether the change was made is not known");
  });
});

describe("muster apps settings, licence and manage", () => {
  const send = async (args: readonly string[], around: Parameters<typeof muster>[1] = {}) => {
    const { url, asked } = await cluster();
    const ran = await muster(["apps", ...args, "--reason", "why", "--url", url], around);
    return { ...ran, sent: posts(asked).map(({ path, body }) => ({ path, body })) };
  };

  test("send settings of file and flags, which replace what was set", async () => {
    const cwd = folderWith({ "s.json": { region: "us", port: 1 } });
    const args = ["settings", "crm", "--settings", "s.json", "--set", "region=eu"];
    const { code, err, sent } = await send(args, { cwd });
    expect({ code, sent }).toEqual({
      code: 0,
      sent: [
        {
          path: "/v1/apps/crm/settings",
          body: { settings: { region: "eu", port: 1 }, reason: "why" },
        },
      ],
    });
    expect(err).toContain("crm has new settings, generation 3");
  });

  test.each([
    ["a file", ["--file", "l.txt"], {}],
    ["standard input", ["--file", "-"], { input: "  L-2031\n" }],
  ])("send a licence from %s", async (_, flags, around) => {
    const cwd = folderWith({ "l.txt": "L-2031\n" });
    const { code, sent } = await send(["licence", "crm", ...flags], { cwd, ...around });
    expect({ code, sent }).toEqual({
      code: 0,
      sent: [{ path: "/v1/apps/crm/licence", body: { licence: "L-2031", reason: "why" } }],
    });
  });

  test("take a licence away", async () => {
    const { code, err, sent } = await send(["licence", "crm", "--remove"]);
    expect({ code, body: sent[0]?.body }).toEqual({
      code: 0,
      body: { licence: null, reason: "why" },
    });
    expect(err).toContain("crm has no licence any more");
  });

  test("send the mode", async () => {
    const { code, err, sent } = await send(["manage", "crm", "observe"]);
    expect({ code, body: sent[0]?.body }).toEqual({
      code: 0,
      body: { mode: "observe", reason: "why" },
    });
    expect(err).toContain("nodes observe crm, generation 3");
  });

  test.each([
    [["settings", "crm"], "needs --set or --settings"],
    [["settings", "crm", "--set", "x"], "is not of the form key=value"],
    [["licence", "crm"], "needs --file or --remove"],
    [["licence", "crm", "--file", "no.txt"], "no.txt cannot be read"],
    [["licence", "crm", "--file", "x", "--remove"], "cannot be used with"],
    [["manage", "crm", "paused"], '"paused" is no mode'],
    [["manage", "crm"], "missing required argument"],
  ])("%p is refused before anything is sent", async (args, message) => {
    const { code, err, sent } = await send(args);
    expect({ code, sent }).toEqual({ code: 2, sent: [] });
    expect(err).toContain(message);
  });

  test("with --dry-run say what they would do", async () => {
    const dry = async (...args: readonly string[]) => {
      const { err, sent } = await send([...args, "--dry-run"], { input: "L-1" });
      expect(sent).toEqual([]);
      return err;
    };
    expect(await dry("settings", "crm", "--set", "a=1")).toContain("replace the settings of crm");
    expect(await dry("licence", "crm", "--file", "-")).toContain("give crm a licence");
    expect(await dry("licence", "crm", "--remove")).toContain("crm had no licence");
    expect(await dry("manage", "crm", "observe")).toContain("observe crm; generation 3");
  });
});

describe("muster apps update, rollback, uninstall, pause, resume and ack-drift", () => {
  const until = "2099-05-01T18:00:00.000Z";
  const held = {
    ...app,
    previousVersion: "0.9.0",
    pausedUntil: until,
    paused: { owner: "rosa", until, missed: true },
    acknowledged: { owner: "ben", until, causes: ["hook_failed"] },
  };
  const send = async (
    args: readonly string[],
    shown: object = held,
    around: Parameters<typeof muster>[1] = {},
  ) => {
    const { url, asked } = await fakeNode(({ method, path }: Asked) => {
      if (method !== "GET") return { body: { app: shown, changed: true } };
      return { body: path === "/v1/apps" ? page([shown]) : shown };
    });
    const ran = await muster(["apps", ...args, "--url", url], around);
    const sent = asked.filter(({ method }) => method !== "GET");
    return {
      ...ran,
      sent: sent.map(({ method, path, body }) => ({ method, path, body })),
      queries: sent.map(({ query }) => query),
    };
  };
  const why = ["--reason", "why"];

  test.each([
    [
      ["update", "crm", "--version", "2.0.0", "--ref", "oci://x", "--canary", "1"],
      { version: "2.0.0", ref: "oci://x", canary: 1, reason: "why" },
      "crm is to run 2.0.0, 1 node first, generation 3",
    ],
    [["rollback", "crm"], { reason: "why" }, "crm is to run 1.0.0 again, generation 3"],
    [
      ["pause", "crm", "--until", until, "--owner", "rosa"],
      { until, owner: "rosa", reason: "why" },
      `crm is paused until ${until}`,
    ],
    [["resume", "crm"], { reason: "why" }, "crm is resumed"],
    [
      ["ack-drift", "crm", "--until", until],
      { until, reason: "why" },
      `the drift of crm is acknowledged until ${until}`,
    ],
  ])("%p is sent", async (args, body, told) => {
    const { code, err, sent } = await send([...args, ...why]);
    const path = `/v1/apps/crm/${args[0]}`;
    expect({ code, sent }).toEqual({ code: 0, sent: [{ method: "POST", path, body }] });
    expect(err).toContain(told);
  });

  test.each([
    [[], { reason: "why" }],
    [["--force"], { reason: "why", force: "true" }],
  ])("uninstall is sent as DELETE with %p", async (flags, query) => {
    const { code, err, queries, sent } = await send([
      "uninstall",
      "crm",
      "--yes",
      ...flags,
      ...why,
    ]);
    expect({ code, queries }).toEqual({ code: 0, queries: [query] });
    expect(sent).toMatchObject([{ method: "DELETE", path: "/v1/apps/crm" }]);
    expect(err).toContain("crm is being uninstalled");
  });

  test("uninstall asks first, and sends nothing when it is declined or nobody can be asked", async () => {
    const declined = await send(["uninstall", "crm", ...why], held, { answers: ["n"] });
    expect([declined.code, declined.sent]).toEqual([9, []]);
    const unasked = await send(["uninstall", "crm", "--no-input", ...why]);
    expect([unasked.code, unasked.sent]).toEqual([2, []]);
  });

  test.each([
    [["update", "crm"], "required option '--version <version>'"],
    [["update", "crm", "--version", "2", "--canary", "0"], '--canary "0" is no number of nodes'],
    [["pause", "crm"], "required option '--until <when>'"],
    [["pause", "crm", "--until", "soon"], "--until"],
  ])("%p is refused before anything is sent", async (args, message) => {
    const { code, err, sent } = await send([...args, ...why]);
    expect({ code, sent }).toEqual({ code: 2, sent: [] });
    expect(err).toContain(message);
  });

  test("with --dry-run say what they would do, also to the generation", async () => {
    const dry = async (...args: readonly string[]) => {
      const { err, sent } = await send([...args, "--dry-run"]);
      expect(sent).toEqual([]);
      return err;
    };
    expect(await dry("update", "crm", "--version", "2.0.0")).toContain(
      "update crm from 1.0.0 to 2.0.0; generation 3 would become 4",
    );
    expect(await dry("rollback", "crm")).toContain("go back from 1.0.0 to 0.9.0");
    expect(await dry("uninstall", "crm")).toContain("tear crm down on every node");
    expect(await dry("pause", "crm", "--until", until)).toContain("generation 3 would stay");
    expect(await dry("resume", "crm")).toContain("resume crm; generation 3 would stay");
  });

  test("every listing notes what is held, and what is going on", async () => {
    const noted = async (part: object) => (await send(["list"], { ...app, ...part })).out;
    const listed = await noted(held);
    expect(listed).toContain(`paused until ${until} by rosa, a change waits`);
    expect(listed).toContain(`drift acknowledged until ${until} by ben`);
    const waitingFor = [{ nodeId: "web-3", reason: { code: "hook_timeout", message: "" } }];
    const phase = "tearing-down";
    expect(await noted({ uninstall: { phase, waitingFor } })).toContain(
      "tearing-down, waits for web-3",
    );
    const haltedBy = { nodeId: "web-2", reason: { code: "compile_error", message: "" } };
    expect(await noted({ rollout: { phase: "halted", nodes: ["web-2"], haltedBy } })).toContain(
      "update halted by web-2",
    );
  });
});

describe("muster apps install", () => {
  test("sends version, ref, desired status and settings, single ones over those of the file", async () => {
    const { url, asked } = await cluster();
    const cwd = folderWith({ "s.json": { region: "us", port: 1 } });
    const settings = ["--settings", "s.json", "--set", "region=eu", "n=5", "t=a=b", "z=null"];
    const args = ["apps", "install", "crm", "--version", "1.0.0", "--ref", "oci://x", "--disabled"];
    const { code } = await muster([...args, ...settings, "--reason", "why", "--url", url], { cwd });
    expect({ code, body: asked[0]?.body }).toEqual({
      code: 0,
      body: {
        id: "crm",
        version: "1.0.0",
        ref: "oci://x",
        desiredStatus: "disabled",
        settings: { region: "eu", port: 1, n: 5, t: "a=b", z: null },
        reason: "why",
      },
    });
  });

  test("reads settings from standard input", async () => {
    const { url, asked } = await cluster();
    const args = ["apps", "install", "crm", "--version", "1", "--settings", "-", "--reason", "r"];
    await muster([...args, "--url", url], { input: '{"a":1}' });
    expect(asked[0]?.body).toMatchObject({ settings: { a: 1 } });
    expect((await muster([...args, "--url", url], { input: "[1]" })).code).toBe(2);
  });

  test.each([
    [["apps", "install", "crm"], "required option '--version <version>' not specified"],
    [["apps", "install", "crm", "--version", "1", "--set", "x"], "--set x is not of the form"],
    [
      ["apps", "install", "crm", "--version", "1", "--settings", "no.json"],
      "there is no file no.json",
    ],
  ])("%p is refused before anything is sent", async (args, message) => {
    const { url, asked } = await cluster();
    const { code, err } = await muster([...args, "--reason", "r", "--url", url]);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(err).toContain(message);
  });

  test("ends with 6 where another version is installed", async () => {
    const { url } = await fakeNode(() => problem(409, "APP_EXISTS", { current: "2.0.0" }));
    const args = ["apps", "install", "crm", "--version", "1", "--reason", "r", "--url", url];
    const { code, err } = await muster(args);
    expect(code).toBe(6);
    expect(err).toContain("it is APP_EXISTS (now: 2.0.0)");
  });

  test("a field that the sentence names already is not told twice", async () => {
    const fieldErrors = { for: "must be healthy", timeoutMs: "is too long" };
    const detail = "The query is not valid: for must be healthy.";
    const { url } = await fakeNode(() => problem(400, "VALIDATION", { detail, fieldErrors }));
    const { err } = await muster(["apps", "--url", url]);
    expect(err).toContain(`muster: ${detail} (timeoutMs: is too long)\n`);
  });

  test("with --dry-run tells an app that is there from one that is not", async () => {
    const { url, asked } = await cluster();
    const dry = async (id: string) =>
      (await muster(["apps", "install", id, "--version", "1", "--dry-run", "--url", url])).err;
    expect(await dry("crm")).toContain("crm is installed already");
    expect(await dry("new-one")).toContain("dry run: install new-one 1");
    expect(posts(asked)).toEqual([]);
  });
});
