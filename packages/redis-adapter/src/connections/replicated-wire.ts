/**
 * Writes that replicas must have: over a connection of their own, since WAIT holds up whatever comes
 * behind it, and followed by WAIT on that very connection, which counts the writes of no other. One
 * WAIT is under way at a time and serves all writes answered before it began.
 */
import { BackendUnavailable } from "@muster/core/ports";
import type { Reply } from "../link.ts";
import { number, statusOf } from "../reply.ts";
import { runScript, type ScriptCall } from "../script-runner.ts";
import type { Wire } from "./connections.ts";

export interface Durability {
  /** How many replicas must have a write. */
  readonly replicas: number;
  /** How long they are waited for, in milliseconds. */
  readonly timeoutMs: number;
}

/** A write and whether enough replicas had it in time. */
export interface Written {
  readonly answer: readonly Reply[];
  readonly isShort: boolean;
}

/** One connection after another; `generation` tells them apart. */
export interface ReplicatedLink extends Wire {
  readonly generation: number;
}

/** A connection that breaks this often within one write leaves its outcome to be asked again. */
const maxAttempts = 3;

export class ReplicatedWire {
  readonly #link: ReplicatedLink;
  readonly #durability: Durability;
  #waiting: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(link: ReplicatedLink, durability: Durability) {
    this.#link = link;
    this.#durability = durability;
  }

  /**
   * Runs a script that writes also when it is repeated, and waits for replicas.
   * @throws BackendUnavailable when that cannot be told
   */
  async write(call: ScriptCall): Promise<Written> {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const answer = await runScript(this.#link, call);
      if (statusOf(answer) !== "ok") return { answer, isShort: false };
      const { generation } = this.#link;
      const count = await this.#wait();
      // WAIT on another connection than that of the write counts replicas that need not have it.
      if (this.#link.generation !== generation) continue;
      return { answer, isShort: count < this.#durability.replicas };
    }
    const broken = new Error("The connection broke while replicas were waited for.");
    throw new BackendUnavailable(call.script.name, broken, call.shard);
  }

  /** Counts the replicas that have whatever was answered up to now. */
  #wait(): Promise<number> {
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
    const { replicas, timeoutMs } = this.#durability;
    const waiting = this.#link
      .call("wait", "wait", [String(replicas), String(timeoutMs)])
      .then(number);
    this.#waiting = waiting;
    const ended = () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    };
    waiting.then(ended, ended);
    return waiting;
  }
}
