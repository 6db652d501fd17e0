/**
 * One map of the slots for all connections of a node. It is read anew whenever a server contradicts
 * it or a connection is lost, never on a schedule of its own; several servers are asked at once, so
 * that one that hangs holds up nobody.
 */
import { BackendUnavailable, type Cancel, type Clock, type Random } from "@muster/core/ports";
import type { Reply } from "../link.ts";
import { keySlot } from "./key-slot.ts";
import { emptySlotMap, parseSlots, type SlotMap } from "./slot-map.ts";

export interface ClusterMapContext {
  /** Servers to begin with, as host and port. */
  readonly seeds: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  /** Where an address that servers tell is reached from here. */
  translate(address: string): string;
  /** Sends CLUSTER SLOTS. @throws BackendUnavailable */
  ask(address: string): Promise<Reply>;
}

const leastPauseMs = 100;
const mostAsked = 5;

export class ClusterMap {
  readonly #context: ClusterMapContext;
  readonly #listeners = new Set<() => void>();
  #map: SlotMap = emptySlotMap;
  #reading: Promise<void> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #next: Cancel | undefined;
  #ended = false;

  constructor(context: ClusterMapContext) {
    this.#context = context;
  }

  get current(): SlotMap {
    return this.#map;
  }

  /** The primary of a key or channel. */
  ownerOf(key: string): string | undefined {
    return this.#map.ownerOf(keySlot(key));
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** A server said that a slot is served elsewhere. */
  moved(slot: number, told: string): void {
    const address = this.#context.translate(told);
    this.refresh();
    if (this.#map.ownerOf(slot) !== address) this.#take(this.#map.with(slot, address));
  }

  /** Reads the map soon, however often it is called. */
  refresh(): void {
    if (this.#next || this.#ended) return;
    const { clock } = this.#context;
    const pause = Math.max(0, this.#readAt + leastPauseMs - clock.monotonic());
    this.#next = clock.after(pause, () => {
      this.#next = undefined;
      this.read().catch(() => {
        // Whoever needs the map asks again.
      });
    });
  }

  /** Reads the map now. @throws BackendUnavailable when no server told it */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  end(): void {
    this.#ended = true;
    this.#next?.();
    this.#next = undefined;
  }

  async #read(): Promise<void> {
    const { clock, random, seeds, translate, ask } = this.#context;
    this.#readAt = clock.monotonic();
    const known = [...new Set([...this.#map.primaries, ...seeds])]
      .map((address) => ({ address, draw: random.draw() }))
      .sort((left, right) => left.draw - right.draw)
      .slice(0, mostAsked);
    const answers = known.map(async ({ address }) => {
      const map = parseSlots(await ask(address), address, translate);
      if (map.primaries.length === 0) throw new Error(`${address} knows no primary.`);
      return map;
    });
    let map: SlotMap;
    try {
      map = await Promise.any(answers);
    } catch (error) {
      const cause = error instanceof AggregateError ? error.errors[0] : error;
      if (cause instanceof BackendUnavailable) throw cause;
      throw new BackendUnavailable("CLUSTER SLOTS", cause);
    }
    if (!this.#ended) this.#take(map);
  }

  #take(map: SlotMap): void {
    const changed = !map.equals(this.#map);
    this.#map = map;
    if (changed) for (const listener of this.#listeners) listener();
  }
}
