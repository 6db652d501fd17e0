import { afterEach, expect, test } from "bun:test";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Followed } from "./decide-primary.ts";
import { Following } from "./primary-connector.ts";
import type { SentinelWatch } from "./sentinel-watch.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const listen = async (): Promise<Followed> => {
  const server = createServer((socket) => socket.on("error", () => {}));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, epoch: 0 };
};

/** Connections of one node, and what the Sentinels tell. */
const make = (followed: Followed | undefined) => {
  let moved = () => {};
  const told = { followed, isHeld: false };
  const watch = {
    where: async () => told.followed,
    reach: (address: string) => address,
    onMove: (listener: () => void) => {
      moved = listener;
    },
    get hearing() {
      return { followed: told.followed };
    },
    get isHeld() {
      return told.isHeld;
    },
  };
  const Connector = new Following(watch as unknown as SentinelWatch).connector();
  const errors: string[] = [];
  const join = async () => {
    const connector = new Connector({});
    const stream = await connector.connect((_, error) => errors.push(error.message));
    stream.on("error", () => {});
    return { connector, stream };
  };
  return { told, join, errors, move: () => moved() };
};

test("connections leave when another address is told, or none for now", async () => {
  for (const change of [{ followed: { address: "127.0.0.1:1", epoch: 1 } }, { isHeld: true }]) {
    const { told, join, move } = make(await listen());
    const joined = [await join(), await join()];
    move();
    expect(joined.map(({ stream }) => stream.destroyed)).toEqual([false, false]);
    Object.assign(told, change);
    move();
    expect(joined.map(({ stream }) => stream.destroyed)).toEqual([true, true]);
    expect(joined[0]?.connector.check({ role: "master", run_id: "a" })).toBe(false);
  }
});

test("a server is taken only if it says that it is a primary", async () => {
  const { join, errors } = make(await listen());
  const { connector } = await join();
  expect(connector.check({ role: "slave", run_id: "a" })).toBe(false);
  expect(errors.join()).toContain("is a replica by now");
  expect(connector.check({ role: "master", run_id: "a" })).toBe(true);
});

test("where a connection meets another server, those that met its predecessor leave", async () => {
  const { join } = make(await listen());
  const [first, second, third] = [await join(), await join(), await join()];
  first.connector.check({ role: "master", run_id: "a" });
  second.connector.check({ role: "master", run_id: "a" });
  expect(first.stream.destroyed).toBe(false);
  third.connector.check({ role: "master", run_id: "b" });
  expect([first, second, third].map(({ stream }) => stream.destroyed)).toEqual([true, true, false]);
});

test("where no primary is told, the stream is closed from the start and the reason is told", async () => {
  const { join, errors } = make(undefined);
  const { stream } = await join();
  expect(stream.destroyed).toBe(true);
  expect(errors).toEqual(["No Sentinel tells a primary."]);
});
