/**
 * What the store lost must be told while a caller lives that knew of it, and nothing else may be
 * told (I2, I10).
 */
import type { ShardId } from "../../../model/ids.ts";
import type { Finding, World } from "../feature.ts";
import { entryOf, type Sent } from "./entries.ts";

const lookEveryMs = 50;

interface Missed {
  readonly sent: Sent;
  readonly shard: ShardId;
  readonly at: number;
}

export class ToldLosses {
  readonly #world: World;
  readonly #missed: Missed[] = [];
  /** When a finding of a subject was last listed by anybody. */
  readonly #told = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    world.clock.after(lookEveryMs, () => this.#look());
  }

  /** The store no longer has what this caller was told of. */
  missed(sent: Sent): void {
    const { store, clock } = this.#world;
    this.#missed.push({ sent, shard: store.shardOf(sent.ledger), at: clock.monotonic() });
  }

  unsettled(): readonly Finding[] {
    const { hasLost, hasClockJumps } = this.#world;
    // Findings last a day, and epochs follow the clock: both are no matter where that jumps.
    if (hasClockJumps) return [];
    if (!hasLost) {
      return [...this.#told.keys()].map((subject) => ({
        invariant: "I10",
        detail: `a loss of ${subject} was told where nothing was lost`,
      }));
    }
    return this.#missed.flatMap(({ sent, shard, at }) => {
      // Where all the data is another, that is told of the cluster, and goes for every shard.
      const told = [`shard-${shard}`, "cluster"].some((name) => (this.#told.get(name) ?? -1) >= at);
      if (told || !this.#isWitnessAlive(sent)) return [];
      const detail = `${entryOf(sent)} on shard ${shard} was lost and nobody told`;
      return { invariant: "I2", detail };
    });
  }

  #isWitnessAlive({ sender }: Sent): boolean {
    return this.#world
      .processes()
      .some(({ name, state }) => state === "running" && sender.startsWith(`${name}.`));
  }

  #look(): void {
    const { clock } = this.#world;
    for (const { state, muster } of this.#world.processes()) {
      if (state !== "running") continue;
      for (const { subject } of muster.losses.list().items) {
        this.#told.set(subject, clock.monotonic());
      }
    }
    clock.after(lookEveryMs, () => this.#look());
  }
}
