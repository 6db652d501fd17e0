import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHost, type Muster } from "@muster/core";
import { apiOf, makeNode, tokenOf, until } from "./http-kit.test.ts";

const planted = "planted-hunter2";
let muster: Muster;
beforeAll(async () => {
  muster = makeNode({
    apps: {
      host: createHost({
        load: async () => ({ kind: "loaded", app: {} }),
        enable: () => {
          throw new Error(`redis://ops:${planted}@db refused: password=${planted}-too`);
        },
      }),
    },
  });
  await muster.start();
  await muster.as({ name: "seed", role: "admin" }).apps.install({
    id: "crm-sync",
    version: "1.0.0",
    settings: { region: "eu", apiToken: planted },
    licence: planted,
    reason: `key handed over, secret: ${planted}`,
  });
  await until(
    "the app has failed",
    () => muster.apps.get("crm-sync").nodes?.[0]?.lastError ?? "",
    (error) => error !== "",
  );
});
afterAll(() => muster.stop());

const checkOf = (json: { checks: readonly { id: string; state: string }[] }) =>
  json.checks.find(({ id }) => id === "http-auth")?.state;

test("who may call is one of the preconditions", async () => {
  const ask = async (api: ReturnType<typeof apiOf>, as?: "viewer") =>
    (await api.call("GET", "/v1/doctor", { ...(as && { as }) })).json;
  const byToken = await ask(apiOf(muster), "viewer");
  expect(checkOf(byToken)).toBe("ok");
  const open = await ask(apiOf(muster, { auth: "none", allowPublic: true }));
  expect([checkOf(open), open.well]).toEqual(["bad", false]);
  const own = await ask(apiOf(muster, { auth: () => ({ name: "x", role: "viewer" }) }));
  expect(checkOf(own)).toBe("ok");
});

test("the bundle is for operators", async () => {
  const { call } = apiOf(muster);
  const asked = (as: "viewer" | "operator") => call("GET", "/v1/doctor?bundle=true", { as });
  expect([(await asked("viewer")).status, (await asked("operator")).status]).toEqual([403, 200]);
  const plain = await call("GET", "/v1/doctor", { as: "operator" });
  expect(plain.json.bundle).toBeUndefined();
});

test("the bundle tells how the cluster is, and no secret", async () => {
  const { call } = apiOf(muster);
  const { json, text } = await call("GET", "/v1/doctor?bundle=true", { as: "admin" });
  expect(Object.keys(json.bundle)).toEqual([
    "format",
    "cluster",
    "nodeId",
    "status",
    "nodes",
    "shards",
    "losses",
    "alerts",
    "reconciler",
    "deadLetters",
    "apps",
    "appsLeftOut",
    "figures",
    "doctor",
  ]);
  expect(json.bundle.apps[0].nodes[0].lastError).toContain("refused");
  expect(json.bundle.shards).toHaveLength(4);
  expect(JSON.stringify(json.bundle)).not.toContain(planted);
  for (const token of Object.values(tokenOf)) expect(text).not.toContain(token);
});
