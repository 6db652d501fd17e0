import { expect, test } from "bun:test";
import { Cluster } from "ioredis";
import { resolveRedisOptions } from "../options.ts";
import { clusterSource, isClusterClient } from "./cluster-source.ts";

test("a client of a Cluster lends its servers, log-in and addresses, whatever shape its replies have", () => {
  const client = new Cluster(["redis-1:7000", { host: "redis-2", port: 7001 }, 7002], {
    lazyConnect: true,
    redisOptions: { username: "u", password: "p", replyMapping: "resp3" },
    natMap: { "10.0.0.1:6379": { host: "here", port: 7001 } },
  });
  expect(isClusterClient(client)).toBe(true);
  const { seeds, settings, translate } = clusterSource(resolveRedisOptions({ client }));
  expect(seeds).toEqual(["redis-1:7000", "redis-2:7001", "127.0.0.1:7002"]);
  expect(settings).toEqual({ username: "u", password: "p" });
  expect(translate("10.0.0.1:6379")).toBe("here:7001");
  expect(translate("10.0.0.2:6379")).toBe("10.0.0.2:6379");
  client.disconnect();
});
