/** Connections of one role to the primaries of a Redis Cluster, made when one is first needed. */
import type { Link } from "../link.ts";
import type { ClusterMap } from "./cluster-map.ts";

export interface ClusterLinksContext {
  readonly map: ClusterMap;
  /** Makes a connection without connecting it. */
  make(address: string): Link;
  /** Each connection is there, or there again. */
  ready(address: string, link: Link): void;
  /** A connection was cut, or could not be made. */
  cut(address: string): void;
}

export class ClusterLinks {
  readonly #context: ClusterLinksContext;
  readonly #links = new Map<string, Link>();
  #closed = false;

  constructor(context: ClusterLinksContext) {
    this.#context = context;
    context.map.onChange(() => this.#dropGone());
  }

  /** The connection to a server, which may still be on its way. */
  get(address: string): Link {
    const known = this.#links.get(address);
    if (known) return known;
    const link = this.#context.make(address);
    this.#links.set(address, link);
    if (this.#closed) {
      link.close();
      return link;
    }
    link.redis.on("ready", () => this.#context.ready(address, link));
    link.redis.on("close", () => {
      if (this.#links.get(address) !== link) return;
      this.#context.map.refresh();
      this.#context.cut(address);
    });
    link.open().catch(() => {
      // It goes on trying by itself.
    });
    return link;
  }

  all(): readonly Link[] {
    return [...this.#links.values()];
  }

  close(): void {
    this.#closed = true;
    for (const link of this.#links.values()) link.close();
  }

  /** What waits at a server that is down and serves no slot any more goes to its successor. */
  #dropGone(): void {
    const { primaries } = this.#context.map.current;
    for (const [address, link] of [...this.#links]) {
      if (primaries.includes(address) || link.isReady) continue;
      this.#links.delete(address);
      link.close();
      this.#context.cut(address);
    }
  }
}
