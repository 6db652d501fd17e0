/**
 * Leads all connections of a node to one and the same primary: each asks where it is before it
 * connects, is taken only by a server that says it is a primary, and leaves when the Sentinels tell
 * another address or a later connection met another server at this one.
 */
import { createConnection, Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { AbstractConnector, type RedisOptions } from "ioredis";
import { splitAddress } from "./redirection.ts";
import type { SentinelWatch } from "./sentinel-watch.ts";

type Stream = AbstractConnector["stream"];
type Tell = (type: string, error: Error) => void;

/** What a server says of itself at the ready check. */
interface ServerInfo {
  readonly role?: string;
  readonly run_id?: string;
}

/** A stream that is closed from the start: the client rests and tries again. */
const closedStream = (): Socket => new Socket().destroy();

/** One primary for all who join. */
export class Following {
  readonly watch: SentinelWatch;
  readonly #connectors = new Set<PrimaryConnector>();

  constructor(watch: SentinelWatch) {
    this.watch = watch;
    watch.onMove(() => {
      for (const each of this.#connectors) if (!this.isRight(each)) each.leave();
    });
  }

  /** What ioredis makes its connections by. */
  connector(): new (options: unknown) => AbstractConnector {
    const join = (connector: PrimaryConnector) => void this.#connectors.add(connector);
    const following = this;
    return class extends PrimaryConnector {
      constructor(options: unknown) {
        super(options as RedisOptions, following);
        join(this);
      }
    };
  }

  isRight({ address }: PrimaryConnector): boolean {
    const { isHeld, hearing } = this.watch;
    return address === undefined || (!isHeld && address === hearing.followed?.address);
  }

  /** A connection stands. Whoever it met is there now; earlier ones may be with a predecessor. */
  arrived({ runId }: PrimaryConnector): void {
    for (const each of this.#connectors) {
      if (each.runId !== undefined && each.runId !== runId) each.leave();
    }
  }
}

class PrimaryConnector extends AbstractConnector {
  readonly #options: RedisOptions;
  readonly #following: Following;
  #tell: Tell = () => {};
  #address: string | undefined;
  #runId: string | undefined;

  constructor(options: RedisOptions, following: Following) {
    super(0);
    this.#options = options;
    this.#following = following;
  }

  /** As the Sentinels tell it, where this connection leads or is being made to. */
  get address(): string | undefined {
    return this.#address;
  }
  /** Of the server that this connection stands at. */
  get runId(): string | undefined {
    return this.#runId;
  }

  // A rejection would end the client for good: what fails is told, and the stream is a closed one.
  override async connect(tell: Tell): Promise<Stream> {
    this.connecting = true;
    this.#tell = tell;
    this.#runId = undefined;
    this.#address = undefined;
    const { watch } = this.#following;
    const followed = await watch.where();
    this.stream = this.connecting && followed ? this.#begin(followed.address) : closedStream();
    if (this.connecting && !followed) tell("error", new Error("No Sentinel tells a primary."));
    return this.stream;
  }

  override check({ role, run_id: runId }: ServerInfo): boolean {
    if (role !== undefined && role !== "master") {
      this.#tell(
        "error",
        new Error(`The server at ${this.#address}, told by the Sentinels, is a replica by now.`),
      );
      return false;
    }
    if (!this.#following.isRight(this)) return false;
    this.#runId = runId;
    if (runId !== undefined) this.#following.arrived(this);
    return true;
  }

  override disconnect(): void {
    this.connecting = false;
    this.leave();
  }

  /** Ends the connection; the client makes it anew unless it was closed. */
  leave(): void {
    this.#runId = undefined;
    this.stream?.destroy();
  }

  #begin(address: string): Stream {
    this.#address = address;
    const at = splitAddress(this.#following.watch.reach(address));
    // What else reads the options finds where the connection leads.
    Object.assign(this.#options, at);
    const { tls } = this.#options;
    const stream = tls ? connectTls({ ...at, ...tls }) : createConnection(at);
    stream.once("error", (error) => {
      this.firstError = error;
    });
    return stream;
  }
}
