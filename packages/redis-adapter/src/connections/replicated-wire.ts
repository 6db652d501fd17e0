/**
 * Writes that replicas must have: over a connection of their own, since WAIT holds up whatever comes
 * behind it, and followed by WAIT on that very connection, which counts the writes of no other. One
 * WAIT is under way at a time on each and serves all writes answered before it began. On a Redis
 * Cluster there is one such connection to each primary.
 */
import { BackendUnavailable } from "@muster/core/ports";
import type { Argument, Reply } from "../link.ts";
import { number, statusOf } from "../reply.ts";
import { runScript, type ScriptCall } from "../script-runner.ts";
import type { Wire } from "./connections.ts";

export interface Durability {
  /** How many replicas must have a write. */
  readonly replicas: number;
  /** How long they are waited for, in milliseconds. */
  readonly timeoutMs: number;
}

/** A write and whether enough replicas of the server that has it had it in time. */
export interface Written {
  readonly answer: readonly Reply[];
  readonly isShort: boolean;
  /** Host and port of that server. */
  readonly server: string;
}

/** One connection after another to one server; `generation` tells them apart. */
export interface ReplicatedLink extends Pick<Wire, "call"> {
  readonly generation: number;
  readonly address: string;
}

/** Takes writes to the server that holds their keys, and tells which connection it answered on. */
export interface AnsweredWire {
  readonly sharded: boolean;
  answered(
    ...call: Parameters<Wire["call"]>
  ): Promise<{ readonly reply: Reply; readonly by: ReplicatedLink }>;
}

/** All writes go over one connection. */
export const overLink = (link: ReplicatedLink): AnsweredWire => ({
  sharded: false,
  answered: async (...call) => ({ reply: await link.call(...call), by: link }),
});

/** A connection that breaks this often within one write leaves its outcome to be asked again. */
const maxAttempts = 3;

export class ReplicatedWire {
  readonly #wire: AnsweredWire;
  readonly #durability: Durability;
  readonly #counts = new WeakMap<ReplicatedLink, ReplicaCount>();

  constructor(wire: AnsweredWire, durability: Durability) {
    this.#wire = wire;
    this.#durability = durability;
  }

  /**
   * Runs a script that writes also when it is repeated, and waits for replicas.
   * @throws BackendUnavailable when that cannot be told
   */
  async write(call: ScriptCall): Promise<Written> {
    const { sharded } = this.#wire;
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      let by: ReplicatedLink | undefined;
      let generation = 0;
      const wire: Wire = {
        sharded,
        call: async (...words) => {
          const answered = await this.#wire.answered(...words);
          by = answered.by;
          generation = by.generation;
          return answered.reply;
        },
      };
      const answer = await runScript(wire, call);
      if (!by) break;
      const server = by.address;
      if (statusOf(answer) !== "ok") return { answer, isShort: false, server };
      const count = await this.#countAt(by).wait();
      // WAIT on another connection than that of the write counts replicas that need not have it.
      if (by.generation !== generation) continue;
      return { answer, isShort: count < this.#durability.replicas, server };
    }
    const broken = new Error("The connection broke while replicas were waited for.");
    throw new BackendUnavailable(call.script.name, broken, call.shard);
  }

  #countAt(link: ReplicatedLink): ReplicaCount {
    const known = this.#counts.get(link);
    if (known) return known;
    const made = new ReplicaCount(link, this.#durability);
    this.#counts.set(link, made);
    return made;
  }
}

/** Counts the replicas that have what one connection wrote. */
class ReplicaCount {
  readonly #link: ReplicatedLink;
  readonly #words: readonly Argument[];
  #waiting: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(link: ReplicatedLink, { replicas, timeoutMs }: Durability) {
    this.#link = link;
    this.#words = [String(replicas), String(timeoutMs)];
  }

  /** Counts those that have whatever was answered up to now. */
  wait(): Promise<number> {
    if (!this.#waiting) return this.#begin();
    // The one under way may have begun before this write.
    this.#next ??= this.#waiting.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<number> {
    this.#next = undefined;
    const waiting = this.#link.call("wait", "wait", this.#words).then(number);
    this.#waiting = waiting;
    const ended = () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
    waiting.then(ended, ended);
    return waiting;
  }
}
