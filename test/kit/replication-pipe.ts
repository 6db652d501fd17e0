/**
 * What replicas follow their primary through. Held back, it keeps all connections and lets no byte of
 * the primary pass: its replicas fall behind, and find themselves well.
 */
import { connect, createServer, type Socket } from "node:net";

export interface ReplicationPipe {
  readonly port: number;
  /** Lets nothing through to so many of the replicas that are connected, all without a number. */
  hold(count?: number): void;
  close(): Promise<void>;
}

/** Starts a pipe on a free loopback port in front of `targetPort`. */
export const startReplicationPipe = async (targetPort: number): Promise<ReplicationPipe> => {
  const open = new Set<Socket>();
  const primaries = new Set<Socket>();
  /** What these send is lost. */
  const held = new Set<Socket>();
  const server = createServer((replica) => {
    const primary = connect({ port: targetPort, host: "127.0.0.1" });
    const forward = (from: Socket, to: Socket) => {
      open.add(from);
      from.on("data", (chunk: Buffer) => {
        if (!held.has(from)) to.write(chunk);
      });
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        to.destroy();
      });
    };
    forward(replica, primary);
    forward(primary, replica);
    primaries.add(primary);
    primary.on("close", () => primaries.delete(primary));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The pipe has no port.");
  return {
    port: address.port,
    hold: (count = primaries.size) => {
      for (const primary of [...primaries].slice(0, count)) held.add(primary);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of [...open]) socket.destroy();
      }),
  };
};
