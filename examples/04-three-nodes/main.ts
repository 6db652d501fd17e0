/** Three nodes in one process on one backend: an app enabled through one is enabled on all. */
import { setTimeout as sleep } from "node:timers/promises";
import { createMuster, memoryBackend } from "@muster/core";
import { createPlugins } from "./plugins.ts";

const log = (line: string): void => console.log(line);
const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 10_000; !holds(); ) {
    if (Date.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await sleep(10);
  }
};

const backend = memoryBackend();
const servers = ["web-1", "web-2", "web-3"].map((id) => {
  const plugins = createPlugins(id, log);
  const muster = createMuster({
    cluster: "example-plugins",
    node: { id },
    backend,
    apps: { host: plugins.host },
  });
  return { id, plugins, muster };
});
await Promise.all(servers.map(({ muster }) => muster.start()));
const [web1, web2, web3] = servers;
if (!web1 || !web2 || !web3) throw new Error("three servers");
const everywhere = (status: string) => () =>
  servers.every(({ muster }) => muster.apps.local("greeter")?.initStatus === status);

log("— install through web-1, switched off");
const rosa = web1.muster.as({ name: "rosa", role: "operator" });
await rosa.apps.install({
  id: "greeter",
  version: "1.0.0",
  desiredStatus: "disabled",
  reason: "first look",
});
await until("it is off everywhere", everywhere("manually_disabled"));
log(`web-3 says: ${web3.plugins.greet("ivan")}`);

log("— enable through web-2");
const ivan = web2.muster.as({ name: "ivan", role: "operator" });
await ivan.apps.enable("greeter", { reason: "customers asked" });
await until("it is on everywhere", everywhere("manually_enabled"));
for (const { id, plugins } of [web1, web3]) log(`${id} says: ${plugins.greet("mei")}`);

log("— one node stops and comes back: intent is not its own");
await web3.muster.stop();
const { desiredStatus, changedBy, reason } = web1.muster.apps.get("greeter");
log(`greeter is wanted ${desiredStatus} since ${changedBy} said so: ${reason}`);

log("— an app that one node cannot enable");
await ivan.apps.install({ id: "gdpr", version: "1.0.0", reason: "the law" });
const back = createPlugins("web-3", log);
const muster = createMuster({
  cluster: "example-plugins",
  node: { id: "web-3" },
  backend,
  apps: { host: back.host },
});
await muster.start();
const statuses = () => web1.muster.apps.report()["gdpr"] ?? [];
await until("every node has come to it", () =>
  statuses().every(({ initStatus }) => /enabled|disabled/.test(initStatus)),
);
for (const { instanceId, desiredStatus, initStatus } of statuses()) {
  log(`  ${instanceId}: wanted ${desiredStatus}, is ${initStatus}`);
}
await until("the greeter is back on web-3", () => muster.apps.local("greeter")?.enabled === true);
log(`web-3 says: ${back.greet("mei")}`);

await Promise.all([web1.muster.stop(), web2.muster.stop(), muster.stop()]);
log("stopped");
