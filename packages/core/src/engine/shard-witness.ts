/**
 * What one node knows of how far one shard was written, and whether that must be compared with its
 * record. Within one life of a record (its history and its making) nothing can be lost; so the
 * comparison is due when the life is another one. A record that went back and was not claimed since
 * shows its former life: the next claim tells (I2).
 */
import { isBehind, laterOf, type Position } from "../model/position.ts";
import type { Comparison } from "../ports/loss-store.ts";
import type { Ownership } from "../ports/shard-store.ts";

type Compared = Exclude<Comparison, { readonly kind: "absent" }>;

const lifeOf = ({ historyId, born }: Ownership): string => `${historyId} ${born}`;

/** Epochs kept while no record was read; more than that change hands only in a storm. */
const epochsKept = 16;

export class ShardWitness {
  #life: string | undefined;
  /** Written in the present life, as far as known. */
  #known: Position | undefined;
  /** Told under epochs whose life is not known yet, one of each, in order. */
  #told: Position[] = [];
  #isDue = false;
  #lossMark = "";

  get isDue(): boolean {
    return this.#isDue;
  }
  /** What to compare; some of it may have been accepted in the record's present life. */
  get positions(): readonly Position[] {
    return this.#known ? [this.#known, ...this.#told] : [...this.#told];
  }

  /** Something went missing that cannot be seen in the record's life. */
  suspect(): void {
    this.#isDue = true;
  }

  /** Takes a position that was acknowledged: by an answered commit or a published reply. */
  accepted(at: Position): void {
    if (at.seq === 0) return;
    if (this.#known?.epoch === at.epoch) {
      this.#known = laterOf(this.#known, at);
      return;
    }
    if (this.#known && isBehind(at, this.#known)) return;
    const i = this.#told.findIndex(({ epoch }) => epoch >= at.epoch);
    const same = this.#told[i];
    if (same?.epoch === at.epoch) this.#told[i] = laterOf(same, at);
    else if (this.#told.length < epochsKept) {
      this.#told.splice(i < 0 ? this.#told.length : i, 0, at);
    }
  }

  /** Takes a record as it was read; answers whether its findings have changed. */
  saw(record: Ownership): "changed" | "same" {
    const life = lifeOf(record);
    const another = this.#life !== undefined && this.#life !== life;
    // Commit numbers may lag, since answers overtake each other; epochs go back by a loss alone.
    if (another || (this.#known && record.epoch < this.#known.epoch)) this.#isDue = true;
    if (!this.#isDue) {
      this.#life = life;
      this.#adopt([record.written]);
      // Only a record that has come as far tells the life of what was said under its epoch.
      this.#adopt(this.#told.filter(({ epoch }) => epoch <= record.epoch));
      this.#told = this.#told.filter(({ epoch }) => epoch > record.epoch);
    }
    const marked = this.#lossMark !== record.lossMark;
    this.#lossMark = record.lossMark;
    return marked ? "changed" : "same";
  }

  /** Takes the outcome of a comparison of `asked`. */
  compared(asked: readonly Position[], { kind, life, epoch }: Compared): void {
    this.#life = life;
    // What came meanwhile was accepted in this life only if it was under its present claim.
    this.#isDue = this.positions.some((at) => !asked.includes(at) && at.epoch < epoch);
    const compared = this.#told.filter((at) => asked.includes(at));
    this.#told = this.#told.filter((at) => !asked.includes(at));
    // A loss that was told needs no witness any more.
    if (kind === "kept") this.#adopt(compared);
    else if (this.#known && asked.includes(this.#known)) this.#known = undefined;
  }

  #adopt(positions: readonly Position[]): void {
    for (const at of positions) {
      if (at.seq > 0) this.#known = this.#known ? laterOf(this.#known, at) : at;
    }
  }
}
